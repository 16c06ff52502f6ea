#!/bin/sh
# Asks a running server about one message, then about several. BTP_URL and BTP_KEY may be set.
url="${BTP_URL:-http://localhost:8000}"
set -- -sS -H "Content-Type: application/json"
[ -n "${BTP_KEY:-}" ] && set -- "$@" -H "Authorization: Bearer $BTP_KEY"
curl "$@" "$url/detect" -d '{"message": "Nobody likes you, just leave."}'
echo
curl "$@" "$url/detect/batch" -d '{"messages": ["See you at practice!", "You are pathetic."], "threshold": 0.6}'
echo
