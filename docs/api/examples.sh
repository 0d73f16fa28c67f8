#!/usr/bin/env bash
# Every endpoint and every refusal of the API in curl: `bash docs/api/examples.sh`, with `make run`
# in another terminal. BASE=http://… names another server. It prints each call and its answer, and
# exits with 1 at the first unexpected answer. examples.http says which codes are missing, and why.
#
# `make examples` writes this file from examples.http: change that file, not this one.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
head -c 1100000 /dev/zero | tr '\0' ' ' >"$work/oversized.json"
base64 -d >"$work/photo.png" <<<iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==

# field NAME PATH: a value out of the answer to the call of that name
field() {
  python3 -c '
import json, re, sys
value = json.load(open(sys.argv[1]))
for key in re.findall(r"\w+", sys.argv[2]):
    value = value[int(key) if key.isdigit() else key]
print(value)' "$work/$1.body" "$2"
}

guid() { python3 -c 'import uuid; print(uuid.uuid4())'; }

# is_expected NAME EXPECTATION STATUS: prints the answer; 1 when it is another than expected
is_expected() {
  python3 -c '
import json, sys
headers, body, expectation, status = open(sys.argv[1]).read(), open(sys.argv[2]).read(), sys.argv[3], sys.argv[4]
print(status, body if len(body) < 2000 else body[:2000] + "...")
wanted, _, claims = expectation.partition(" ")
wrong = [] if status == wanted else [wanted]
for claim in filter(None, claims.split(", ")):
    if ": " in claim:
        holds = claim.lower() in (line.lower() for line in headers.splitlines())
    else:
        path, found, text = claim.partition("=") if "=" in claim else ("code", "=", claim)
        value = json.loads(body) if body[:1] == "{" else {}
        for key in path.split("."):
            try:
                value = value[int(key) if key.isdigit() else key]
            except (KeyError, IndexError, TypeError):
                value = None
        holds = (value if isinstance(value, str) else json.dumps(value)) == text
    wrong += [] if holds else [claim]
if wrong:
    sys.exit("expected: " + ", ".join(wrong))' "$work/$1.headers" "$work/$1.body" "$2" "$3"
}

# call NAME EXPECTATION METHOD URL [CURL OPTION...]
call() {
  local name=$1 expectation=$2 method=$3 url=$4 attempts=1 status
  shift 4
  if [[ $expectation == eventually\ * ]]; then
    expectation=${expectation#eventually } attempts=60
  fi
  printf '%s %s\n' "$method" "$url"
  for ((attempt = 1; attempt <= attempts; attempt++)); do
    status=$(curl -sS --noproxy '*' --max-time 30 -X "$method" -D "$work/$name.raw" -o "$work/$name.body" \
      -w '%{http_code}' "$@" "$url")
    tr -d '\r' <"$work/$name.raw" >"$work/$name.headers"
    touch "$work/$name.body"
    if is_expected "$name" "$expectation" "$status" 2>"$work/wrong"; then return; fi
    if ((attempt < attempts)); then sleep 0.25; fi
  done
  cat "$work/wrong" >&2
  exit 1
}

# send: a call with the body from standard input
send() {
  cat >"$work/body"
  call "$@" --data-binary @"$work/body"
}

base=${BASE:-http://localhost:8000}
api="$base/api/v1"
password=correct-horse-7
newPassword=battery-staple-8
resetToken=from-the-mail
operator=operator@demo.example
operatorPassword=demo-ride-2026

printf '\n# %s\n' 'Is the process up?'
call call1 '200' GET "$base/health/live/"

printf '\n# %s\n' 'Are the database, the broker and the migrations?'
call call2 '200' GET "$base/health/ready/"

printf '\n# %s\n' 'The whole API in one Swagger document; /api/docs/ and /api/redoc/ show it'
call call3 '200 swagger=2.0' GET "$base/api/swagger.json"

printf '\n# %s\n' Register
send register '201' POST "$api/auth/register/" \
  -H 'Content-Type: application/json' <<JSON
{"name": "Rider", "email": "rider-$(guid)@example.org", "password": "$password"}
JSON

printf '\n# %s\n' 'A taken e-mail'
send call5 '400 invalid, errors.0.field=email, errors.0.code=email_taken' POST "$api/auth/register/" \
  -H 'Content-Type: application/json' <<JSON
{"name": "Rider", "email": "$(field register email)", "password": "$password"}
JSON

printf '\n# %s\n' 'A field that will not do: errors names each'
send call6 '400 invalid, errors.0.field=email, errors.0.code=invalid' POST "$api/auth/register/" \
  -H 'Content-Type: application/json' <<JSON
{"name": "Rider", "email": "no address", "password": "$password"}
JSON

printf '\n# %s\n' 'The same in Russian: the words change, the codes do not'
send call7 '400 invalid, errors.0.code=invalid, Content-Language: ru' POST "$api/auth/register/" \
  -H 'Content-Type: application/json' \
  -H 'Accept-Language: ru' <<JSON
{"name": "Rider", "email": "no address", "password": "$password"}
JSON

printf '\n# %s\n' 'Not JSON'
send call8 '400 parse_error' POST "$api/auth/register/" \
  -H 'Content-Type: application/json' <<JSON
{"name":
JSON

printf '\n# %s\n' 'Packed, or so it says'
send call9 '415 unsupported_media_type' POST "$api/auth/register/" \
  -H 'Content-Type: application/json' \
  -H 'Content-Encoding: gzip' <<JSON
{"name": "Rider"}
JSON

printf '\n# %s\n' 'Not JSON by its own word'
send call10 '415 unsupported_media_type' POST "$api/auth/register/" \
  -H 'Content-Type: text/plain' <<JSON
name=Rider
JSON

printf '\n# %s\n' 'More than 1 MiB'
call call11 '413 too_large' POST "$api/auth/register/" \
  -H 'Content-Type: application/json' --data-binary @"$work/oversized.json"

printf '\n# %s\n' 'Log in'
send login '200' POST "$api/auth/token/" \
  -H 'Content-Type: application/json' <<JSON
{"email": "$(field register email)", "password": "$password"}
JSON

printf '\n# %s\n' 'Log in with a wrong password; an unknown e-mail and a closed account sound the same'
send call13 '401 credentials_invalid' POST "$api/auth/token/" \
  -H 'Content-Type: application/json' <<JSON
{"email": "$(field register email)", "password": "wrong-horse-7"}
JSON

printf '\n# %s\n' 'Forgot the password: a link goes out by mail, if there is such an account; the answer never says'
send call14 '202' POST "$api/auth/password/reset/" \
  -H 'Content-Type: application/json' <<JSON
{"email": "$(field register email)"}
JSON

printf '\n# %s\n' 'The mail'"'"'s token sets another password, once, within 10 minutes; this one is in no mail'
send call15 '400 invalid, errors.0.field=token, errors.0.code=reset_token_invalid' POST "$api/auth/password/reset/confirm/" \
  -H 'Content-Type: application/json' <<JSON
{"token": "$resetToken", "new_password": "$newPassword"}
JSON

printf '\n# %s\n' 'Another link to confirm the e-mail: the first one came with the account'
call call16 '202' POST "$api/auth/email/resend/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'The mail'"'"'s token confirms the e-mail, once, within three days; this one is in no mail'
send call17 '400 invalid, errors.0.field=token, errors.0.code=email_token_invalid' POST "$api/auth/email/confirm/" \
  -H 'Content-Type: application/json' <<JSON
{"token": "$resetToken"}
JSON

printf '\n# %s\n' 'Without a token'
call call18 '401 not_authenticated' GET "$api/me/"

printf '\n# %s\n' 'With a bad token'
call call19 '401 token_invalid' GET "$api/me/" \
  -H 'Authorization: Bearer nonsense'

printf '\n# %s\n' 'The profile'
call call20 '200 name=Rider' GET "$api/me/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Another name'
send call21 '200 name=Rider the Second' PATCH "$api/me/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"name": "Rider the Second", "language": "en"}
JSON

printf '\n# %s\n' 'A method that this address does not know'
send call22 '405 method_not_allowed' PUT "$api/me/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{}
JSON

printf '\n# %s\n' 'An address that does not exist'
call call23 '404 not_found' GET "$api/scooters/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Free bikes'
call bikes '200 results.0.status=available' GET "$api/bikes/?page_size=2" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Bikes near a point, nearest first, with distance_m'
call nearby '200 results.0.status=available' GET "$api/bikes/?lat=$(field bikes 'results[0].latitude')&lon=$(field bikes 'results[0].longitude')&radius=5000&page_size=5" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'By the number, however it is typed'
call call26 '200 results.0.status=available' GET "$api/bikes/?number=https://bikerental.example/b/$(field nearby 'results[0].number')" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'A number that means nothing'
call call27 '400 invalid, errors.0.field=number' GET "$api/bikes/?number=---" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Bikes in a box: west, south, east, north'
call call28 '200' GET "$api/bikes/?bbox=-180,-90,180,90&status=any&page_size=5" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'A value that means nothing'
call call29 '400 invalid, errors.0.field=status' GET "$api/bikes/?status=blue" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'One bike'
call call30 '200 status=available' GET "$api/bikes/$(field nearby 'results[0].id')/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'No such bike'
call call31 '404 bike_not_found' GET "$api/bikes/00000000-0000-7000-8000-000000000000/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'A photo of the bike is for operators'
call call32 '403 forbidden' POST "$api/bikes/$(field nearby 'results[0].id')/photo/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'An operator'
send loginOperator '200' POST "$api/auth/token/" \
  -H 'Content-Type: application/json' <<JSON
{"email": "$operator", "password": "$operatorPassword"}
JSON

printf '\n# %s\n' 'In production with the code that the authenticator shows; this one is made up'
send call34 '401 credentials_invalid' POST "$api/auth/token/" \
  -H 'Content-Type: application/json' <<JSON
{"email": "$operator", "password": "$operatorPassword", "code": "000000"}
JSON

printf '\n# %s\n' 'begins with a form, good for ten minutes'
call photo '201 max_bytes=5242880' POST "$api/bikes/$(field nearby 'results[0].id')/photo/" \
  -H "Authorization: Bearer $(field loginOperator access)"

printf '\n# %s\n' 'Confirming before anything was sent'
send call36 '400 invalid, errors.0.field=photo, errors.0.code=missing' POST "$api/bikes/$(field nearby 'results[0].id')/photo/confirm/" \
  -H "Authorization: Bearer $(field loginOperator access)" \
  -H 'Content-Type: application/json' <<JSON
{"upload": "$(field photo id)"}
JSON

printf '\n# %s\n' 'Send the form'"'"'s fields and the photo to the form'"'"'s url'
call call37 '204' POST "$(field photo url)" \
  -F "key=$(field photo fields.key)" \
  -F "signature=$(field photo fields.signature)" \
  -F "file=@$work/photo.png"

printf '\n# %s\n' 'and confirm: a task prepares it'
send call38 '202' POST "$api/bikes/$(field nearby 'results[0].id')/photo/confirm/" \
  -H "Authorization: Bearer $(field loginOperator access)" \
  -H 'Content-Type: application/json' <<JSON
{"upload": "$(field photo id)"}
JSON

printf '\n# %s\n' 'which is done within moments'
send call39 'eventually 202 state=published' POST "$api/bikes/$(field nearby 'results[0].id')/photo/confirm/" \
  -H "Authorization: Bearer $(field loginOperator access)" \
  -H 'Content-Type: application/json' <<JSON
{"upload": "$(field photo id)"}
JSON

printf '\n# %s\n' 'Another'"'"'s upload, or none'
send call40 '404 not_found' POST "$api/bikes/$(field nearby 'results[1].id')/photo/confirm/" \
  -H "Authorization: Bearer $(field loginOperator access)" \
  -H 'Content-Type: application/json' <<JSON
{"upload": "$(field photo id)"}
JSON

printf '\n# %s\n' 'Report a broken bike'
send report '201 state=open' POST "$api/bikes/$(field nearby 'results[1].id')/reports/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"kind": "lights", "text": "The rear light flickers."}
JSON

printf '\n# %s\n' 'Once more: it is the same report'
send call42 '200 state=open' POST "$api/bikes/$(field nearby 'results[1].id')/reports/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"kind": "lights"}
JSON

printf '\n# %s\n' 'A photo of it, the same way'
call reportPhoto '201' POST "$api/bikes/$(field nearby 'results[1].id')/reports/$(field report id)/photo/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' sent
call call44 '204' POST "$(field reportPhoto url)" \
  -F "key=$(field reportPhoto fields.key)" \
  -F "signature=$(field reportPhoto fields.signature)" \
  -F "file=@$work/photo.png"

printf '\n# %s\n' 'and confirmed'
send call45 '202' POST "$api/bikes/$(field nearby 'results[1].id')/reports/$(field report id)/photo/confirm/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"upload": "$(field reportPhoto id)"}
JSON

printf '\n# %s\n' 'Stations, with bikes_available and docks_available'
call stations '200' GET "$api/stations/?page_size=5" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'The nearest ones, with distance_m'
call call47 '200 results.0.distance_m=0.0' GET "$api/stations/?lat=$(field stations 'results[0].latitude')&lon=$(field stations 'results[0].longitude')&radius=500" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'One station'
call call48 '200' GET "$api/stations/$(field stations 'results[0].id')/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'No such station'
call call49 '404 station_not_found' GET "$api/stations/00000000-0000-7000-8000-000000000000/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Not riding yet'
call call50 '404 no_active_rental' GET "$api/rentals/current/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'An empty key is no key'
send call51 '400 idempotency_key_invalid' POST "$api/rentals/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' \
  -H 'Idempotency-Key: ""' <<JSON
{"bike": "$(field nearby 'results[0].id')"}
JSON

printf '\n# %s\n' 'Rent a bike; the key makes a retry safe'
send rent '201 status=active, cost.final=false' POST "$api/rentals/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' \
  -H "Idempotency-Key: rent-$(field register id)" <<JSON
{"bike": "$(field nearby 'results[0].id')"}
JSON

printf '\n# %s\n' 'The answer was lost, so send it again: the first answer comes back, no second ride'
send call53 '201 status=active, Idempotent-Replayed: true' POST "$api/rentals/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' \
  -H "Idempotency-Key: rent-$(field register id)" <<JSON
{"bike": "$(field nearby 'results[0].id')"}
JSON

printf '\n# %s\n' 'The same key for another wish'
send call54 '422 idempotency_key_reused' POST "$api/rentals/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' \
  -H "Idempotency-Key: rent-$(field register id)" <<JSON
{"bike": "$(field nearby 'results[1].id')"}
JSON

printf '\n# %s\n' 'One ride at a time'
send call55 '409 rental_in_progress' POST "$api/rentals/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"bike_number": "$(field nearby 'results[1].number')"}
JSON

printf '\n# %s\n' 'The ride and its cost so far'
call call56 '200 status=active, overdue=false' GET "$api/rentals/current/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'No leaving in mid-ride'
send call57 '409 rental_in_progress' DELETE "$api/me/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"password": "$password"}
JSON

printf '\n# %s\n' 'Another rider'
send registerOther '201' POST "$api/auth/register/" \
  -H 'Content-Type: application/json' <<JSON
{"name": "Other", "email": "other-$(guid)@example.org", "password": "$password"}
JSON

printf '\n# %s\n' 'logs in'
send loginOther '200' POST "$api/auth/token/" \
  -H 'Content-Type: application/json' <<JSON
{"email": "$(field registerOther email)", "password": "$password"}
JSON

printf '\n# %s\n' 'and wants the same bike'
send call60 '409 bike_unavailable' POST "$api/rentals/" \
  -H "Authorization: Bearer $(field loginOther access)" \
  -H 'Content-Type: application/json' <<JSON
{"bike": "$(field nearby 'results[0].id')"}
JSON

printf '\n# %s\n' 'or one that nobody has'
send call61 '404 bike_not_found' POST "$api/rentals/" \
  -H "Authorization: Bearer $(field loginOther access)" \
  -H 'Content-Type: application/json' <<JSON
{"bike_number": "no-such-bike"}
JSON

printf '\n# %s\n' 'or to see the first rider'"'"'s ride'
call call62 '404 not_found' GET "$api/rentals/$(field rent id)/" \
  -H "Authorization: Bearer $(field loginOther access)"

printf '\n# %s\n' 'A return to nowhere leaves the ride as it is'
send call63 '404 station_not_found' POST "$api/rentals/$(field rent id)/return/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"station": "00000000-0000-7000-8000-000000000000"}
JSON

printf '\n# %s\n' 'Return the bike at a station; {} leaves it where it was taken, latitude and longitude anywhere'
send call64 '200 status=returned' POST "$api/rentals/$(field rent id)/return/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' \
  -H "Idempotency-Key: return-$(field register id)" <<JSON
{"station": "$(field stations 'results[0].id')"}
JSON

printf '\n# %s\n' 'Once more, with the same key: the first answer'
send call65 '200 status=returned, Idempotent-Replayed: true' POST "$api/rentals/$(field rent id)/return/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' \
  -H "Idempotency-Key: return-$(field register id)" <<JSON
{"station": "$(field stations 'results[0].id')"}
JSON

printf '\n# %s\n' 'Once more, without a key'
call call66 '409 rental_not_active' POST "$api/rentals/$(field rent id)/return/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'The worker settles the cost within moments'
call call67 'eventually 200 status=settled, cost.final=true' GET "$api/rentals/$(field rent id)/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'The history, newest first'
call call68 '200 results.0.status=settled' GET "$api/rentals/?status=settled&from=2020-01-01T00:00:00Z&page_size=10" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Is a token good?'
send call69 '200' POST "$api/auth/token/verify/" \
  -H 'Content-Type: application/json' <<JSON
{"token": "$(field login access)"}
JSON

printf '\n# %s\n' 'A second device logs in'
send loginDevice '200' POST "$api/auth/token/" \
  -H 'Content-Type: application/json' <<JSON
{"email": "$(field register email)", "password": "$password"}
JSON

printf '\n# %s\n' 'and refreshes: both tokens are new'
send refresh '200' POST "$api/auth/token/refresh/" \
  -H 'Content-Type: application/json' <<JSON
{"refresh": "$(field loginDevice refresh)"}
JSON

printf '\n# %s\n' 'The answer was lost: for a minute the spent token gives the same new refresh token'
send call72 '200' POST "$api/auth/token/refresh/" \
  -H 'Content-Type: application/json' <<JSON
{"refresh": "$(field loginDevice refresh)"}
JSON

printf '\n# %s\n' 'The new refresh token is used'
send call73 '200' POST "$api/auth/token/refresh/" \
  -H 'Content-Type: application/json' <<JSON
{"refresh": "$(field refresh refresh)"}
JSON

printf '\n# %s\n' 'From then on the first one in use again means a thief: it ends that session'
send call74 '401 token_invalid' POST "$api/auth/token/refresh/" \
  -H 'Content-Type: application/json' <<JSON
{"refresh": "$(field loginDevice refresh)"}
JSON

printf '\n# %s\n' 'with the new tokens too'
send call75 '401 token_invalid' POST "$api/auth/token/verify/" \
  -H 'Content-Type: application/json' <<JSON
{"token": "$(field refresh access)"}
JSON

printf '\n# %s\n' 'Another password: every other session ends'
send call76 '204' POST "$api/me/password/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"current_password": "$password", "new_password": "$newPassword"}
JSON

printf '\n# %s\n' 'The current password must be right'
send call77 '400 invalid, errors.0.field=current_password, errors.0.code=password_wrong' POST "$api/me/password/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"current_password": "$password", "new_password": "$newPassword"}
JSON

printf '\n# %s\n' 'Another ride, without a key'
send rentAgain '201 status=active' POST "$api/rentals/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"bike_number": "$(field nearby 'results[1].number')"}
JSON

printf '\n# %s\n' 'At 0, 0 there is no bike of ours'
send call79 '400 invalid, errors.0.field=latitude, errors.1.field=longitude' POST "$api/rentals/$(field rentAgain id)/return/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"latitude": 0, "longitude": 0}
JSON

printf '\n# %s\n' 'left in the street; null is as good as nothing'
send call80 '200 status=returned, end_station=null' POST "$api/rentals/$(field rentAgain id)/return/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"station": null, "latitude": 59.94, "longitude": 30.32}
JSON

printf '\n# %s\n' 'The bike is free, at no station'
call call81 '200 status=available, station=null' GET "$api/bikes/$(field nearby 'results[1].id')/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'All that is held about the rider'
call call82 '200 rentals.0.status=settled' GET "$api/me/export/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Log out: the other rider'"'"'s session is over at once'
send call83 '204' POST "$api/auth/logout/" \
  -H "Authorization: Bearer $(field loginOther access)" \
  -H 'Content-Type: application/json' <<JSON
{"refresh": "$(field loginOther refresh)"}
JSON

printf '\n# %s\n' 'for its access token as well'
call call84 '401 token_invalid' GET "$api/me/" \
  -H "Authorization: Bearer $(field loginOther access)"

printf '\n# %s\n' 'Erase the account; the rides stay, with nobody'"'"'s name on them'
send call85 '204' DELETE "$api/me/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"password": "$newPassword"}
JSON

printf '\n# %s\n' Gone
send call86 '401 credentials_invalid' POST "$api/auth/token/" \
  -H 'Content-Type: application/json' <<JSON
{"email": "$(field register email)", "password": "$newPassword"}
JSON

printf '\n# %s\n' 'Guessing a password gets slow: Retry-After says how slow'
send call87 'eventually 429 throttled' POST "$api/auth/token/" \
  -H 'Content-Type: application/json' <<JSON
{"email": "$(field registerOther email)", "password": "wrong-horse-7"}
JSON
