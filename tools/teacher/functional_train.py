#!/usr/bin/env python3
"""Writes training texts of the functional kind: harm and its harmless twins, from templates and word lists.

    python tools/teacher/functional_train.py --count 6000 --seed 1 --out datasets/functional-train/texts.csv

Every sentence is made here from the lists below; nothing comes from any data set. The templates and insult words are
kept apart from datasets/functional/cases.csv, the suite that measures: `check_disjoint.py` in this folder proves it.
Output: CSV with the columns Function,Text,Label (1 = harm, 0 = none). The same seed and count give the same bytes.
"""
import argparse
import csv
import random
from typing import NamedTuple

# ---------------------------------------------------------------- word lists
GROUPS = """women|girls|men|black people|Black folks|white people|Asians|Asian people|Chinese people|Indians|Mexicans|Latinos|Arabs|Africans|Muslims|Jews|Jewish people|Christians|Hindus|Sikhs|gays|gay people|gay men|lesbians|bisexuals|trans people|trans women|trans men|transgender people|queer people|nonbinary people|immigrants|migrants|refugees|foreigners|asylum seekers|disabled people|people with disabilities|autistic people|deaf people|blind people|wheelchair users|old people|elderly people|poor people|homeless people|fat people|Poles|Romanians|Turks|Pakistanis|Nigerians|Somalis|Syrians|Roma|Native Americans|single mothers|feminists""".split("|")
# A member, an adjective and a place or habit of some groups, for sentences about one person.
MEMBERS = """a woman|a girl|a black man|a black woman|an Asian|a Muslim|a Jew|a Jewish guy|a Hindu|a gay man|a lesbian|a bisexual|a trans woman|a trans man|a trans person|an immigrant|a migrant|a refugee|a foreigner|a disabled person|an autistic kid|a deaf person|a blind man|an old lady|a Mexican|a Pole|a Turk|a Nigerian|a Syrian|a single mother|a feminist""".split("|")
NAMES = "Ava|Noah|Mia|Lucas|Zoe|Ethan|Chloe|Ryan|Priya|Omar|Lena|Carlos|Hannah|Tyler|Amira|Kevin|Sofia|Jamal|Emma|Liam|Nadia|Victor|Grace|Diego".split("|")
ADJ_BAD = "stupid|disgusting|worthless|pathetic|ugly|dumb|useless|filthy|lazy|brainless|gross|hideous|repulsive|spineless|clueless|talentless|annoying|retarded|fake|desperate|smelly|creepy|ignorant|vile|trashy|nasty|incompetent|two-faced|thick|insufferable".split("|")
ADJ_GROUP = "inferior|stupid|disgusting|dirty|filthy|dangerous|lazy|violent|evil|dishonest|worthless|subhuman|uncivilised|backward|greedy|criminal|primitive|sick in the head|mentally ill|a disgrace|too emotional to think|unfit to lead|born liars|parasitic|repulsive|useless|savage|not normal|a burden|less intelligent than us".split("|")
NOUN_BAD = "idiot|loser|moron|pig|clown|piece of trash|piece of shit|dumbass|asshole|bitch|whore|slut|bastard|creep|cow|rat|fool|joke|failure|nobody|waste of space|degenerate|cunt|dickhead|jerk|wimp|coward|snake|leech|troll|imbecile|prick|skank|douchebag|pervert".split("|")
NOUN_GROUP = "vermin|animals|parasites|a plague|cockroaches|rats|dogs|leeches|a disease|savages|pests|maggots|monkeys|filth|garbage|a virus|thieves|criminals|rapists|terrorists|freaks|abominations|whores|a stain on this country|an infection|pigs".split("|")
GOOD_ADJ = "kind|brilliant|funny|brave|talented|generous|lovely|amazing|wonderful|strong|smart|beautiful|hard-working|patient|thoughtful|creative|honest|warm|inspiring|welcoming|fantastic|gifted".split("|")
GOOD_NOUN = "friend|neighbour|teacher|artist|player|colleague|human being|leader|cook|dancer|writer|parent|team mate|singer|nurse|doctor|engineer".split("|")
VIOLENCE = "punch|beat up|stab|strangle|hurt|slap|kick|break|smash|shoot|crush|choke|run over|jump|kill|burn|beat the hell out of|knock out".split("|")
VIOLENCE_PP = "beaten|shot|deported|locked up|wiped out|put down|whipped|burned|hanged|gassed|exterminated|sterilised|thrown out|kept in cages|silenced|banned from our schools|sent back to where they came from".split("|")
BODY_PART = "teeth|nose|legs|face|jaw|neck|skull|arms|fingers".split("|")
PLACE = "after school|at the bus stop|on Monday|in the parking lot|behind the gym|tomorrow|outside your house|at the game|in the hallway|at lunch".split("|")
THINGS = "phone|printer|laptop|update|bus|app|weather|homework|wifi|movie|episode|remake|traffic|alarm clock|coffee machine|ending|referee decision|keyboard|exam|parking|server|toaster|queue|album cover|battery|vending machine|commute|dentist bill|paperwork|screen protector".split("|")
SWEAR = "fucking|damn|bloody|goddamn|freaking|motherfucking|shitty".split("|")
PRE = ["", "", "", "", "", "", "honestly ", "lol ", "tbh ", "ngl ", "omg ", "ok ", "look, ", "seriously, ", "@user ", "@user ", "@user @user ", "just saying, ", "I swear ", "fact: ", "hey ", "well, ", "yo ", "RT @user: ", "unpopular opinion: ", "so "]
POST = ["", "", "", "", "", "", ".", ".", ".", "!", "!!", " lol", " lmao", " smh", " tbh", " 😂", " 🙄", " 💯", " #truth", " and you know it", " imo", " fr", " http", "...", " period."]
POST_SOFT = ["", "", "", "", ".", ".", ".", "!", "!!", " lol", " 😂", " ❤️", " 😊", " haha", " tbh", " fr", " http", "...", " #blessed", " #mood"]

# ---------------------------------------------------------------- clauses that harm; also quoted by the harmless twins
HATE = [
    "{G} are {ADJ_GROUP}", "{G} are {NOUN_GROUP}", "{G} are nothing but {NOUN_GROUP}", "all {G} are {ADJ_GROUP}", "all {G} are {NOUN_GROUP}", "most {G} are {ADJ_GROUP}",
    "I hate {G}", "I can't stand {G}", "I despise {G}", "I really hate {G}", "{G} make me sick", "{G} disgust me", "I detest every one of those {G}",
    "{G} should be {VIOLENCE_PP}", "{G} deserve to be {VIOLENCE_PP}", "we should have {G} {VIOLENCE_PP}", "someone should {VIOLENCE} all the {G}", "I want to {VIOLENCE} {G}", "I'd love to {VIOLENCE} every one of the {G} I meet",
    "{G} don't belong here", "{G} do not belong in this country", "keep {G} out of our town", "get the {G} out", "we don't want {G} around here", "our country would be better without {G}", "the world would be a better place without {G}",
    "{G} ruin everything", "{G} are ruining this country", "{G} are taking over", "{G} are destroying our culture", "{G} only come here to take what is ours", "{G} are to blame for everything",
    "{G} should not be allowed to vote", "{G} don't deserve rights", "{G} deserve no respect", "{G} have no place in politics", "{G} should know their place", "{G} should shut up and be grateful", "never trust {G}", "you can't trust {G}", "never hire {G}",
    "{G} are not real people", "{G} are not human", "no {G} should be allowed near our kids", "{G} are not like us, they are {ADJ_GROUP}", "nobody likes {G}", "nobody wants {G} as neighbours",
    "being around {G} makes me want to throw up", "the only good thing about {G} is when they leave", "I wish all {G} would disappear", "I hope {G} get {VIOLENCE_PP}", "I hope all {G} die", "{G} can go to hell", "fuck {G}", "{SWEAR} {G}, I hate them so much", "to hell with {G}",
    "{G} are a bunch of {NOUN_GROUP}", "{G} are all the same, {ADJ_GROUP}", "deep down all {G} are {NOUN_GROUP}", "{G} smell", "{G} are so {ADJ_GROUP}", "you know how {G} are, {ADJ_GROUP}", "why are {G} so {ADJ_GROUP}?", "how can anyone like {G}? They are {NOUN_GROUP}", "what have {G} ever done for us? Nothing",
    "{G} belong in the {WHERE}", "{G} moved into our street. I want them gone", "there are {G} at my school. They are {ADJ_GROUP}", "look at those {G}, {ADJ_GROUP} as always", "I would never date {G}, they are {ADJ_GROUP}",
    "of course it was {M}, they are all {NOUN_GROUP}", "never let {M} into your house", "the new kid is {M}, so he is probably {ADJ_GROUP}", "you are just {M}, go back to where you came from", "{M} like you should be {VIOLENCE_PP}", "you are {M}, that makes you {ADJ_GROUP}", "I will {VIOLENCE} any of the {G} who come near me", "if I see {M} here again I will {VIOLENCE} them", "what a {ADJ_BAD} {SWEAR} foreigner", "{G} are an insult to this country", "being one of the {G} is a sickness",
]
WHERE = "kitchen|zoo|jungle|gutter|trash|desert|fields|closet|asylum|prison|past".split("|")
INSULT = [
    "you are {ADJ_BAD}", "you are so {ADJ_BAD}", "you're a {NOUN_BAD}", "you are such a {NOUN_BAD}", "you {ADJ_BAD} {NOUN_BAD}", "you {SWEAR} {NOUN_BAD}", "what a {NOUN_BAD} you are", "you are a {ADJ_BAD} {NOUN_BAD}", "{N} is a {NOUN_BAD}", "{N} is such a {ADJ_BAD} {NOUN_BAD}", "{N} you are {ADJ_BAD}",
    "she is a {ADJ_BAD} {NOUN_BAD}", "he is a total {NOUN_BAD}", "he's so {ADJ_BAD}", "look at that {ADJ_BAD} {NOUN_BAD}", "how can anyone be this {ADJ_BAD}?", "are you really that {ADJ_BAD}?", "were you born {ADJ_BAD} or did you practise?", "even your parents think you are {ADJ_BAD}", "everybody knows you are a {NOUN_BAD}", "nobody is as {ADJ_BAD} as you", "you look like a {NOUN_BAD}",
    "shut up you {NOUN_BAD}", "shut your mouth {N}, you {NOUN_BAD}", "stfu {NOUN_BAD}", "go away you {ADJ_BAD} {NOUN_BAD}", "{N} has the brain of a potato", "you have the brain of a goldfish", "you make me sick", "I can't stand your {ADJ_BAD} face", "your face makes me want to puke", "your whole family is {ADJ_BAD}", "your opinion is as {ADJ_BAD} as you are", "typical {NOUN_BAD} behaviour, {N}", "I have never met a bigger {NOUN_BAD} than you", "you deserve every bad thing that happens to you", "you will always be a {NOUN_BAD}", "you ruin everything you touch", "you disgust me", "we all hate you", "I hate you so much", "{N}, I hate you", "fuck you", "fuck off {N}", "screw you {NOUN_BAD}", "go to hell {N}",
]
THREAT = [
    "I will {VIOLENCE} you {PLACE}", "I'm going to {VIOLENCE} you", "I am gonna {VIOLENCE} you {N}", "I'll break your {BODY_PART}", "I swear I will break your {BODY_PART} {PLACE}", "watch your back {PLACE}", "we are coming for you {PLACE}", "I know where you live", "say that again and I'll {VIOLENCE} you", "if I see you {PLACE} I will {VIOLENCE} you", "if you tell anyone I will {VIOLENCE} you", "you are dead {PLACE}", "you better be scared, I will find you", "wait until I get my hands on you", "you won't make it home {PLACE}", "my cousins are going to {VIOLENCE} you", "I hope someone will {VIOLENCE} you", "I hope you get hit by a bus", "someone ought to {VIOLENCE} {N}", "I would love to see {N} suffer", "go die", "why don't you just die", "do us all a favour and disappear for good", "the world would be better without you", "you should not be alive", "nobody would cry at your funeral", "I hope you never wake up", "I will make your life hell", "pay me or I post your photos",
]
EXCLUDE = [
    "nobody wants you in this chat", "we made a new group without you", "don't invite {N}, everyone hates {N}", "you can't sit with us {N}", "no one asked you, go away", "we only let you come because my mum made us", "everyone left the chat because of you", "stay home {PLACE}, nobody wants to see you", "you have no friends {N}", "who even invited {N}?", "we voted and you are out", "nobody will miss you when you move", "nobody likes you {N}", "let's all ignore {N} {PLACE}", "block {N} everyone, pass it on", "there is a reason why you eat alone", "get out, this group is not for people like you", "you do not belong here {N}", "stop following us around, you are embarrassing", "your own team doesn't want you", "no one would ever date you", "you will die alone", "we were happier before you came",
]
BODY = [
    "you are so fat you need two seats", "look at that fat {NOUN_BAD}", "{N} is fat and ugly", "put the burger down {N}", "nobody wants to see those legs", "with a face like yours I would wear a bag", "your nose has its own postcode", "you look like a skeleton, eat something", "cover those spots, you are scaring people", "she is way too ugly for him", "that dress cannot hide your belly", "your teeth are disgusting", "you look like a whale in that", "flat as a board, no wonder he left you", "who cut your hair, a blind man?", "{N} broke the chair again, what a whale", "you should not wear shorts with those thighs", "go to a gym you fat {NOUN_BAD}", "bald loser", "your skin looks like a pizza", "I would hide if I looked like {N}", "that is the ugliest face I have ever seen",
]
SEXIST = [
    "women can't drive", "women should stay in the kitchen", "go make me a sandwich", "girls are bad at maths, that's just biology", "she only got the job because of her legs", "you throw like a girl, pathetic", "female commentators ruin the game", "women belong at home, not in politics", "she asked for it with that skirt", "no man wants a woman with opinions", "she slept her way up", "calm down sweetheart, let the men talk", "women are only good for one thing", "never let a woman run a company", "typical woman, crying again", "that is why women should not vote", "her place is behind the stove", "a woman without a man is worth nothing", "all girls are gold diggers", "feminism is cancer", "girls like that are for fun, not for marriage", "women should not talk about football", "she is too pretty to be clever", "boys don't cry, you little girl", "real men don't wear pink, you fairy", "that's so gay, act like a man", "you are not a real woman", "men in dresses will never be women",
    "go back to your country", "speak English or go home", "we were here first, go back on your boat", "your kind is not welcome here", "people of your colour are only good at running", "you smell like curry, sit somewhere else", "open your eyes, or can't you, Chinese boy?", "did you steal that bike? your people always do", "take off that rag or leave our country", "go blow yourself up somewhere else", "I do not rent to people like that, they steal", "they breed like rabbits and we pay for it", "of course he robbed it, look at his skin", "send them all back", "close the border, they are all criminals", "this neighbourhood was nice until they came", "they hate us, why do we let them in", "what do you expect from that race", "are you deaf or just retarded?", "cripples should stay at home", "people like him should not have been born", "you ride the short bus, don't you",
]
# ---------------------------------------------------------------- harmless twins
NEGATED = [
    "you are not {ADJ_BAD}", "you are not {ADJ_BAD} at all", "you're not a {NOUN_BAD}, you just had a bad day", "I don't think you are {ADJ_BAD}", "nobody thinks you are {ADJ_BAD}", "she is not a {NOUN_BAD}", "he isn't {ADJ_BAD}, he is just shy", "{N} is not {ADJ_BAD}, leave {N} alone", "I never said you were a {NOUN_BAD}", "I would never call you {ADJ_BAD}", "don't let anyone tell you that you are {ADJ_BAD}", "no, {N} is no {NOUN_BAD}", "you were never a {NOUN_BAD} to me", "please don't ever think you are {ADJ_BAD}", "I don't hate you {N}", "nobody hates you {N}", "I would never {VIOLENCE} you", "nobody is going to {VIOLENCE} you", "I won't hurt anyone", "I am not going to {VIOLENCE} anybody", "we don't want you to leave", "not one of us thinks that you are a {NOUN_BAD}",
    "I don't hate {G}", "I do not hate {G}", "{G} are not {ADJ_GROUP}", "{G} are not {NOUN_GROUP}", "I have never hated {G}", "not all {G} are {ADJ_GROUP}, in fact none are", "no one should {VIOLENCE} {G}", "nobody should be {VIOLENCE_PP} for who they are", "{G} don't deserve to be {VIOLENCE_PP}", "{G} should never be {VIOLENCE_PP}", "it is not true that {G} are {ADJ_GROUP}", "I would never say {G} are {ADJ_GROUP}", "there is nothing wrong with {G}", "{G} are no {NOUN_GROUP}, they are people", "I don't have a problem with {G}", "{G} do not ruin anything", "being {M} is not a sickness", "being {M} does not make anyone {ADJ_GROUP}",
]
COUNTER = [
    "saying \"{HATE}\" is wrong", "\"{HATE}\" is such a disgusting thing to say", "stop saying that {HATE}", "stop saying things like \"{HATE}\"", "people who say \"{HATE}\" need to educate themselves", "if you think that {HATE}, you are part of the problem", "whoever wrote \"{HATE}\" should be ashamed", "\"{HATE}\"? That is plain bigotry", "it is not ok to say {HATE}", "I reported the account that posted \"{HATE}\"", "you can't just go around saying \"{HATE}\"", "no, it's racist to claim that {HATE}", "anyone who believes that {HATE} has never met one", "we will not accept comments such as \"{HATE}\" here", "a post like \"{HATE}\" has no place on this site", "stop the hate: nobody gets to say \"{HATE}\"",
    "calling someone a {NOUN_BAD} is not funny", "don't call her a {NOUN_BAD}", "stop calling people {ADJ_BAD}", "please don't say \"{INSULT}\" to anyone", "\"{INSULT}\" is never an acceptable comment", "saying \"{INSULT}\" to a classmate is bullying", "who writes \"{INSULT}\" under a kid's photo? Be better", "leave {N} alone, nobody deserves to hear \"{INSULT}\"", "bullying {N} is not cool, stop it", "hating {G} says more about you than about them", "hatred against {G} is never ok", "stand up when you see {G} being bullied", "we must protect {G} from hate", "telling a kid \"{THREAT}\" is a crime, report it", "please report messages like \"{EXCLUDE}\"",
]
REPORT = [
    "a man was arrested after he wrote \"{THREAT}\" to a reporter", "the court heard that he shouted \"{HATE}\"", "he was suspended for posting \"{HATE}\"", "in the novel the villain says \"{HATE}\"", "my grandfather remembers signs that said {G} were not welcome", "the article explains why some people believe that {HATE}", "researchers counted how often posts said \"{HATE}\"", "she told the teacher that he had said \"{INSULT}\"", "someone wrote \"{INSULT}\" on my locker and I cried", "yesterday a stranger yelled \"{HATE}\" at my friend on the bus", "they kept telling me \"{EXCLUDE}\" for a year, I changed schools", "my son got a message that said \"{THREAT}\", what should I do?", "he called me a {NOUN_BAD} in front of everyone and it hurt", "my ex used to tell me I was {ADJ_BAD}", "they used to call me {ADJ_BAD} at school", "a survey says one in three {G} has been insulted online", "police are investigating an attack on {G}", "the museum tells how {G} were persecuted", "the report describes discrimination against {G}", "{G} were attacked last night, the mayor condemned it", "the film is about a boy who is called a {NOUN_BAD} every day", "new law protects {G} from discrimination", "in history class we learned how {G} were {VIOLENCE_PP} in that war",
]
SELF = [
    "I am so {ADJ_BAD}, I locked myself out again", "I'm such a {NOUN_BAD}, I forgot my own birthday", "I feel {ADJ_BAD} today", "I look {ADJ_BAD} in this photo", "I was a real {NOUN_BAD} yesterday, sorry", "I hate myself for eating that", "why am I so {ADJ_BAD} before coffee", "me, a {NOUN_BAD}: sends the email without the file", "I could kick myself for missing that", "I am the {NOUN_BAD} who left the oven on", "I'm an absolute {NOUN_BAD} at cooking", "my brain is useless before nine", "kill me, I just called my boss mum", "I'm dead, that video", "I am going to die of embarrassment", "I was so dumb when I was twelve",
]
FRIENDLY = [
    "that was {SWEAR} amazing", "this is {SWEAR} brilliant", "I {SWEAR} love this song", "happy birthday bitch, love you", "miss you bitches so much", "holy shit what a goal", "holy shit I passed", "oh shit I forgot my keys", "fuck yeah we won", "fuck I love summer", "fuck, it's cold today", "damn you look good", "what a {SWEAR} great day", "you crazy bastard, you did it, so proud", "best {SWEAR} concert of my life", "I'm so {SWEAR} tired", "no {SWEAR} way, you got in? congrats", "love you dumbass, see you tonight", "you magnificent bastard, that pass was perfect", "shit, my train is late", "hell yes, pizza night", "badass performance {N}, wow", "this soup is the shit", "I ain't got shit to do today", "this week was a bitch but we made it", "my feet hurt like a bitch", "fuck Mondays", "fuck this rain", "fuck cancer, my mum beat it", "{SWEAR} finally, vacation", "she is one badass {GOOD_NOUN}", "my girls and I are bad bitches tonight", "I am a proud bitch and I own it", "as a dyke I love this series", "us queers had the best pride ever", "I'm queer and happy about it", "we are a bunch of old fags and we love it, said my gay uncle proudly", "my crip friends and I call our club the wheelie gang",
]
IDENTITY = [
    "{G} are {GOOD_ADJ}", "{G} are {GOOD_ADJ} people", "I love {G}", "I respect {G}", "I like {G}", "{G} deserve respect", "{G} deserve the same rights as everyone", "{G} are welcome here", "we need more {G} in politics", "more {G} should be on this team", "{G} belong here", "{G} make this city better", "I am happy to live next to {G}", "I am proud to be {M}", "I am {M}", "as {M} I found this film moving", "my best friend is {M}", "my boss is {M} and a {GOOD_ADJ} {GOOD_NOUN}", "my doctor is {M}", "{N} is {M} and a {GOOD_ADJ} {GOOD_NOUN}", "the new teacher is {M}", "there are many {G} in my town", "a club for {G} meets on Thursdays", "the book is about {G} in the 1920s", "are there any {G} at your school?", "how many {G} live in Canada?", "{G} celebrated in the park today", "a new play about {G} opens tonight", "{G} and their families are invited", "the festival of {G} starts on Friday", "my neighbour married {M}", "I read an interview with {M}", "{M} won the prize this year", "{M} can be anything, a {GOOD_NOUN} for example", "it is great to be {M}", "I learned a lot from {G}", "{G} have a long history in this country", "I stand with {G}", "thank you to all the {G} who work in our hospitals", "I hope {G} have a good holiday", "I will always defend {G}", "nobody should be afraid of {G}", "let {G} live in peace", "{G} are just like us", "{G} are people like everybody else",
]
OBJECT = [
    "this {T} is trash", "I hate this {T}", "my {T} is {ADJ_BAD}", "what a {ADJ_BAD} {T}", "the {T} is a piece of shit", "stupid {T}", "this {SWEAR} {T} again", "I want to throw this {T} out of the window", "I'm going to smash this {T}", "who designed this {ADJ_BAD} {T}?", "the {T} should be burned", "I could kill for a pizza", "that {T} killed me", "that exam killed me", "this {T} is killing me", "we destroyed them three nil", "kill the boss on level nine, then take the sword", "shoot me an email {PLACE}", "she killed it on stage", "you slayed that look", "you guys crushed it", "I hate Mondays", "I hate olives", "I despise early mornings", "mosquitoes are vermin and should all die", "rats in the basement again, call pest control", "weeds are a plague this year", "cockroaches in the kitchen, disgusting", "punch the dough and let it rest", "beat the eggs, then burn the sugar slightly", "the virus spread to the whole server", "our team is {ADJ_BAD} this season", "the {T} deserves to die", "{T} makes me sick", "nobody likes this {T}", "nobody wants this {T}", "get this {T} out of my life",
]
KIND = [
    "you are {GOOD_ADJ}", "you are so {GOOD_ADJ}", "you're a {GOOD_ADJ} {GOOD_NOUN}", "{N} is a {GOOD_ADJ} {GOOD_NOUN}", "I like you {N}", "you look {GOOD_ADJ} in that dress", "we all like you", "everyone likes you {N}", "we want you in this chat", "come sit with us {N}", "everyone is invited, {N} too", "we made a group and added you", "I will help you {PLACE}", "I'll pick you up {PLACE}", "see you {PLACE}", "if I see you {PLACE} I will buy you lunch", "I know where you live, I can bring the book", "watch your step, it is icy", "I hope you feel better soon", "I hope you wake up smiling", "nobody is as {GOOD_ADJ} as you", "how can anyone be this {GOOD_ADJ}?", "look at that {GOOD_ADJ} {GOOD_NOUN}", "everybody knows you are {GOOD_ADJ}", "your nose is cute", "love your curves", "you look healthy and strong", "great haircut {N}", "the world is better with you in it", "the world would be worse without you", "I would miss you if you moved", "you deserve every good thing that happens to you", "even your rivals think you are {GOOD_ADJ}", "your opinion matters", "please don't go", "wait for me {PLACE}", "we are coming to visit you {PLACE}", "women drive just as well as men", "my mum is the best engineer I know", "girls can do maths, look at {N}", "what language do you speak at home?", "which country is your family from? I'd love to visit", "welcome to our country", "I disagree with you, but thanks for explaining", "I think you are wrong about the budget", "that was a bad call, but ok", "sorry, I do not agree", "can you send me the notes {PLACE}?", "the meeting is {PLACE}", "don't forget your jacket", "who wants to play {PLACE}?", "did you see the game?", "shut up, you got the ticket? so happy for you", "stop it, you are too funny", "go away rain", "get out, really? congrats {N}", "you are dead tired, go to bed", "I could never do what you do", "no one plays guitar like you do",
]
FUNCTIONS = {  # name: (templates, label, share)
    "group_hate": (HATE, 1, 20), "insult": (INSULT, 1, 12), "threat": (THREAT, 1, 6), "exclusion": (EXCLUDE, 1, 5), "body_shaming": (BODY, 1, 4), "prejudice": (SEXIST, 1, 6),
    "negated": (NEGATED, 0, 10), "counter_speech": (COUNTER, 0, 10), "reported": (REPORT, 0, 7), "self_directed": (SELF, 0, 3), "friendly_profanity": (FRIENDLY, 0, 5), "identity_positive": (IDENTITY, 0, 12), "object_target": (OBJECT, 0, 6), "kind": (KIND, 0, 8),
}
SLOTS = {"G": GROUPS, "M": MEMBERS, "N": NAMES, "T": THINGS, **{k: v for k, v in dict(ADJ_BAD=ADJ_BAD, ADJ_GROUP=ADJ_GROUP, NOUN_BAD=NOUN_BAD, NOUN_GROUP=NOUN_GROUP, GOOD_ADJ=GOOD_ADJ, GOOD_NOUN=GOOD_NOUN, VIOLENCE=VIOLENCE, VIOLENCE_PP=VIOLENCE_PP, BODY_PART=BODY_PART, PLACE=PLACE, SWEAR=SWEAR, WHERE=WHERE, HATE=HATE, INSULT=INSULT, THREAT=THREAT, EXCLUDE=EXCLUDE).items()}}

# ---------------------------------------------------------------- how people disguise or mistype words
LEET = {"a": "@4", "e": "3", "i": "1!", "o": "0", "s": "$5", "t": "7"}


def misspell(text, rng):
    """One disguise on a few words: leet, spaces or dots between letters, a dropped, doubled or swapped letter, joined words."""
    words = text.split(" ")
    if rng.random() < 0.08:
        return "".join(words) if len(text) < 40 else text
    for _ in range(rng.choice([1, 1, 2, 3])):
        i = rng.randrange(len(words))
        for _ in range(4):  # prefer long words: they carry the meaning
            j = rng.randrange(len(words))
            if len(words[j]) > len(words[i]):
                i = j
        w = words[i]
        if len(w) < 3 or w.startswith("@"):
            continue
        kind, k = rng.randrange(7), rng.randrange(1, len(w))
        if kind == 0:
            w = "".join(rng.choice(LEET[c]) if c in LEET and rng.random() < 0.7 else c for c in w.lower())
        elif kind == 1:
            w = " ".join(w)
        elif kind == 2:
            w = rng.choice(".-*_").join(w)
        elif kind == 3:
            w = w[:k] + w[k + 1:]
        elif kind == 4:
            w = w[:k] + w[k] * rng.choice([2, 3, 4]) + w[k:]
        elif kind == 5:
            w = w[:k - 1] + w[k] + w[k - 1] + w[k + 1:]
        else:
            w = w[:1] + rng.choice(["*" * (len(w) - 2), "*" + w[2:-1]]) + w[-1:]
        words[i] = w
    return " ".join(words)


class Grammar(NamedTuple):
    """What sentences are made of: words by slot, functions as name: (templates, label, share), and beginnings."""

    slots: dict
    functions: dict
    pre: list


GRAMMAR = Grammar(SLOTS, FUNCTIONS, PRE)


def fill(template, rng, slots):
    out, i = "", 0
    while i < len(template):
        if template[i] == "{":
            j = template.index("}", i)
            word = fill(rng.choice(slots[template[i + 1:j]]), rng, slots)
            out, i = out + word, j + 1
        else:
            out, i = out + template[i], i + 1
    return out


def sentence(function, rng, grammar):
    templates, label, _ = grammar.functions[function]
    text = fill(rng.choice(templates), rng, grammar.slots)
    text = text.replace(" a a", " an a").replace(" a e", " an e").replace(" a i", " an i").replace(" a u", " a u") if rng.random() < 0.9 else text
    pre, post = rng.choice(grammar.pre), rng.choice(POST if label else POST_SOFT if rng.random() < 0.5 else POST)
    if text[-1] in "?.!\"" and post in (".", "!", "!!", "...", " period."):
        post = ""
    if pre and text[:2] != "I " and text[:2] != "I'" and rng.random() < 0.6:
        text = text[0].lower() + text[1:]
    elif not pre and rng.random() < 0.55:
        text = text[0].upper() + text[1:]
    text = pre + text + post
    case = rng.random()
    text = text.lower() if case < 0.25 else text.upper() if case < 0.28 else text
    if rng.random() < 0.15:
        text = misspell(text, rng)
    return text, label


def generate(count, seed, grammar=GRAMMAR, is_refused=lambda text: False):
    """Rows (function, text, label), no text twice; harm and harmless are near half each."""
    rng, rows, seen = random.Random(seed), [], set()
    names, shares = list(grammar.functions), [f[2] for f in grammar.functions.values()]
    while len(rows) < count:
        function = rng.choices(names, shares)[0]
        text, label = sentence(function, rng, grammar)
        if text.lower() not in seen and not is_refused(text):
            seen.add(text.lower())
            rows.append((function, text, label))
    return rows


def write(path, rows):
    with open(path, "w", encoding="utf-8", newline="") as f:
        writer = csv.writer(f, lineterminator="\n")
        writer.writerow(("Function", "Text", "Label"))
        writer.writerows(rows)


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--count", type=int, default=6000)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--out", default="datasets/functional-train/texts.csv")
    a = p.parse_args()
    write(a.out, generate(a.count, a.seed))
