#!/bin/sh
# Asks a running server about one message, then about several. BTP_URL and BTP_KEY may be set.
url="${BTP_URL:-http://localhost:8000}"
set -- -s -H "Content-Type: application/json"
[ -n "${BTP_KEY:-}" ] && set -- "$@" -H "Authorization: Bearer $BTP_KEY"
# An answer of any status is printed; only where none comes does curl fail.
curl "$@" "$url/detect" -d '{"message": "Nobody likes you, just leave."}' || {
  echo "no server answers at $url: start one with \"npx btp-cli serve\", or set BTP_URL" >&2
  exit 1
}
echo
curl "$@" "$url/detect/batch" -d '{"messages": ["See you at practice!", "You are pathetic."], "threshold": 0.6}'
echo
