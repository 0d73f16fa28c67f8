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

printf '\n# %s\n' 'Check that the process runs'
call call1 '200' GET "$base/health/live/"

printf '\n# %s\n' 'Check the database, the broker and the migrations'
call call2 '200' GET "$base/health/ready/"

printf '\n# %s\n' 'Read the Swagger document; /api/docs/ and /api/redoc/ show it'
call call3 '200 swagger=2.0' GET "$base/api/swagger.json"

printf '\n# %s\n' Register
send register '201' POST "$api/auth/register/" \
  -H 'Content-Type: application/json' <<JSON
{"name": "Rider", "email": "rider-$(guid)@example.org", "password": "$password"}
JSON

printf '\n# %s\n' 'Refused: the e-mail is taken'
send call5 '400 invalid, errors.0.field=email, errors.0.code=email_taken' POST "$api/auth/register/" \
  -H 'Content-Type: application/json' <<JSON
{"name": "Rider", "email": "$(field register email)", "password": "$password"}
JSON

printf '\n# %s\n' 'Refused: an invalid field; errors names each one'
send call6 '400 invalid, errors.0.field=email, errors.0.code=invalid' POST "$api/auth/register/" \
  -H 'Content-Type: application/json' <<JSON
{"name": "Rider", "email": "no address", "password": "$password"}
JSON

printf '\n# %s\n' 'The same in Russian: the sentences change, the codes do not'
send call7 '400 invalid, errors.0.code=invalid, Content-Language: ru' POST "$api/auth/register/" \
  -H 'Content-Type: application/json' \
  -H 'Accept-Language: ru' <<JSON
{"name": "Rider", "email": "no address", "password": "$password"}
JSON

printf '\n# %s\n' 'Refused: the body is not JSON'
send call8 '400 parse_error' POST "$api/auth/register/" \
  -H 'Content-Type: application/json' <<JSON
{"name":
JSON

printf '\n# %s\n' 'Refused: a compressed body'
send call9 '415 unsupported_media_type' POST "$api/auth/register/" \
  -H 'Content-Type: application/json' \
  -H 'Content-Encoding: gzip' <<JSON
{"name": "Rider"}
JSON

printf '\n# %s\n' 'Refused: a content type that is not JSON'
send call10 '415 unsupported_media_type' POST "$api/auth/register/" \
  -H 'Content-Type: text/plain' <<JSON
name=Rider
JSON

printf '\n# %s\n' 'Refused: a body over 1 MiB'
call call11 '413 too_large' POST "$api/auth/register/" \
  -H 'Content-Type: application/json' --data-binary @"$work/oversized.json"

printf '\n# %s\n' 'Log in'
send login '200' POST "$api/auth/token/" \
  -H 'Content-Type: application/json' <<JSON
{"email": "$(field register email)", "password": "$password"}
JSON

printf '\n# %s\n' 'Refused: a wrong password; an unknown e-mail and a closed account get the same answer'
send call13 '401 credentials_invalid' POST "$api/auth/token/" \
  -H 'Content-Type: application/json' <<JSON
{"email": "$(field register email)", "password": "wrong-horse-7"}
JSON

printf '\n# %s\n' 'Ask for a password reset; the answer is the same with and without an account'
send call14 '202' POST "$api/auth/password/reset/" \
  -H 'Content-Type: application/json' <<JSON
{"email": "$(field register email)"}
JSON

printf '\n# %s\n' 'Set a new password with the mail'"'"'s token, once, within 10 minutes; this token is invalid'
send call15 '400 invalid, errors.0.field=token, errors.0.code=reset_token_invalid' POST "$api/auth/password/reset/confirm/" \
  -H 'Content-Type: application/json' <<JSON
{"token": "$resetToken", "new_password": "$newPassword"}
JSON

printf '\n# %s\n' 'Ask for another link to confirm the e-mail; registering sent the first'
call call16 '202' POST "$api/auth/email/resend/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Confirm the e-mail with the mail'"'"'s token, once, within three days; this token is invalid'
send call17 '400 invalid, errors.0.field=token, errors.0.code=email_token_invalid' POST "$api/auth/email/confirm/" \
  -H 'Content-Type: application/json' <<JSON
{"token": "$resetToken"}
JSON

printf '\n# %s\n' 'Refused: no token'
call call18 '401 not_authenticated' GET "$api/me/"

printf '\n# %s\n' 'Refused: an invalid token'
call call19 '401 token_invalid' GET "$api/me/" \
  -H 'Authorization: Bearer nonsense'

printf '\n# %s\n' 'Read the profile'
call call20 '200 name=Rider' GET "$api/me/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Change the name'
send call21 '200 name=Rider the Second' PATCH "$api/me/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"name": "Rider the Second", "language": "en"}
JSON

printf '\n# %s\n' 'Refused: a method that this path does not take'
send call22 '405 method_not_allowed' PUT "$api/me/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{}
JSON

printf '\n# %s\n' 'Refused: a path that does not exist'
call call23 '404 not_found' GET "$api/scooters/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'List the free bikes'
call bikes '200 results.0.status=available' GET "$api/bikes/?page_size=2" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'List the bikes near a point, nearest first, with distance_m'
call nearby '200 results.0.status=available' GET "$api/bikes/?lat=$(field bikes 'results[0].latitude')&lon=$(field bikes 'results[0].longitude')&radius=5000&page_size=5" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Find a bike by its number, however it is typed'
call call26 '200 results.0.status=available' GET "$api/bikes/?number=https://bikerental.example/b/$(field nearby 'results[0].number')" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Refused: a number that no bike can have'
call call27 '400 invalid, errors.0.field=number' GET "$api/bikes/?number=---" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'List the bikes in a box: west, south, east, north'
call call28 '200' GET "$api/bikes/?bbox=-180,-90,180,90&status=any&page_size=5" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Refused: an invalid value'
call call29 '400 invalid, errors.0.field=status' GET "$api/bikes/?status=blue" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Read one bike'
call call30 '200 status=available' GET "$api/bikes/$(field nearby 'results[0].id')/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Refused: there is no such bike'
call call31 '404 bike_not_found' GET "$api/bikes/00000000-0000-7000-8000-000000000000/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Refused: only operators upload photos of a bike'
call call32 '403 forbidden' POST "$api/bikes/$(field nearby 'results[0].id')/photo/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Log in as an operator'
send loginOperator '200' POST "$api/auth/token/" \
  -H 'Content-Type: application/json' <<JSON
{"email": "$operator", "password": "$operatorPassword"}
JSON

printf '\n# %s\n' 'Refused: an invalid code; in production operators send the authenticator'"'"'s code'
send call34 '401 credentials_invalid' POST "$api/auth/token/" \
  -H 'Content-Type: application/json' <<JSON
{"email": "$operator", "password": "$operatorPassword", "code": "000000"}
JSON

printf '\n# %s\n' 'Begin an upload as an operator; the form is valid for ten minutes'
call photo '201 max_bytes=5242880' POST "$api/bikes/$(field nearby 'results[0].id')/photo/" \
  -H "Authorization: Bearer $(field loginOperator access)"

printf '\n# %s\n' 'Refused: confirming before the photo is sent'
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

printf '\n# %s\n' 'Confirm the upload; a task prepares the photo'
send call38 '202' POST "$api/bikes/$(field nearby 'results[0].id')/photo/confirm/" \
  -H "Authorization: Bearer $(field loginOperator access)" \
  -H 'Content-Type: application/json' <<JSON
{"upload": "$(field photo id)"}
JSON

printf '\n# %s\n' 'The photo appears within moments'
send call39 'eventually 202 state=published' POST "$api/bikes/$(field nearby 'results[0].id')/photo/confirm/" \
  -H "Authorization: Bearer $(field loginOperator access)" \
  -H 'Content-Type: application/json' <<JSON
{"upload": "$(field photo id)"}
JSON

printf '\n# %s\n' 'Refused: an upload for another bike; another user'"'"'s upload gets the same answer'
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

printf '\n# %s\n' 'Report it again: the answer is the same report'
send call42 '200 state=open' POST "$api/bikes/$(field nearby 'results[1].id')/reports/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"kind": "lights"}
JSON

printf '\n# %s\n' 'Begin an upload of a photo for the report'
call reportPhoto '201' POST "$api/bikes/$(field nearby 'results[1].id')/reports/$(field report id)/photo/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Send the photo of the report'
call call44 '204' POST "$(field reportPhoto url)" \
  -F "key=$(field reportPhoto fields.key)" \
  -F "signature=$(field reportPhoto fields.signature)" \
  -F "file=@$work/photo.png"

printf '\n# %s\n' 'Confirm the photo of the report'
send call45 '202' POST "$api/bikes/$(field nearby 'results[1].id')/reports/$(field report id)/photo/confirm/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"upload": "$(field reportPhoto id)"}
JSON

printf '\n# %s\n' 'Ask what a ride of 30 minutes would cost'
call call46 '200 minutes=30, cost.final=false' GET "$api/bikes/$(field nearby 'results[0].id')/quote/?minutes=30" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Refused: a price is asked for 1 to 10,080 minutes'
call call47 '400 invalid, errors.0.field=minutes' GET "$api/bikes/$(field nearby 'results[0].id')/quote/?minutes=10081" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'List the stations, with bikes_available and docks_available'
call stations '200' GET "$api/stations/?page_size=5" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'List the nearest stations, with distance_m'
call call49 '200 results.0.distance_m=0.0' GET "$api/stations/?lat=$(field stations 'results[0].latitude')&lon=$(field stations 'results[0].longitude')&radius=500" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Read one station'
call call50 '200' GET "$api/stations/$(field stations 'results[0].id')/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Refused: there is no such station'
call call51 '404 station_not_found' GET "$api/stations/00000000-0000-7000-8000-000000000000/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'List the zones as GeoJSON: where a ride may end'
call zones '200 type=FeatureCollection' GET "$api/zones/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Refused: the rider has no active ride'
call call53 '404 no_active_rental' GET "$api/rentals/current/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Refused: the rider has reserved no bike'
call call54 '404 no_active_reservation' GET "$api/reservations/current/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Reserve a bike; it waits until expires_at'
send reserve '201 status=active' POST "$api/reservations/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' \
  -H "Idempotency-Key: reserve-$(field register id)" <<JSON
{"bike": "$(field nearby 'results[1].id')"}
JSON

printf '\n# %s\n' 'Read the reservation'
call call56 '200 status=active' GET "$api/reservations/current/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Refused: a second reservation at the same time'
send call57 '409 reservation_in_progress' POST "$api/reservations/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"bike": "$(field nearby 'results[0].id')"}
JSON

printf '\n# %s\n' 'Give the reserved bike up'
call call58 '204' DELETE "$api/reservations/$(field reserve id)/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Refused: the reservation has ended'
call call59 '409 reservation_not_active' DELETE "$api/reservations/$(field reserve id)/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Refused: the same bike again soon after a reservation that was not used'
send call60 '409 reservation_refused' POST "$api/reservations/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"bike": "$(field nearby 'results[1].id')"}
JSON

printf '\n# %s\n' 'Refused: an empty Idempotency-Key'
send call61 '400 idempotency_key_invalid' POST "$api/rentals/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' \
  -H 'Idempotency-Key: ""' <<JSON
{"bike": "$(field nearby 'results[0].id')"}
JSON

printf '\n# %s\n' 'Rent a bike that turns out not to unlock'
send rentWrong '201 status=active' POST "$api/rentals/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"bike": "$(field nearby 'results[2].id')"}
JSON

printf '\n# %s\n' 'Cancel the ride; it costs nothing'
send call63 '200 status=cancelled, cost.amount=0.00, cost.final=true' POST "$api/rentals/$(field rentWrong id)/cancel/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' \
  -H "Idempotency-Key: cancel-$(field rentWrong id)" <<JSON
{"reason": "not_unlocked", "text": "The lock only beeped."}
JSON

printf '\n# %s\n' 'Refused: the ride has ended'
send call64 '409 rental_not_active' POST "$api/rentals/$(field rentWrong id)/cancel/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"reason": "other"}
JSON

printf '\n# %s\n' 'Rent a bike; the key makes a retry safe'
send rent '201 status=active, cost.final=false' POST "$api/rentals/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' \
  -H "Idempotency-Key: rent-$(field register id)" <<JSON
{"bike": "$(field nearby 'results[0].id')"}
JSON

printf '\n# %s\n' 'Send it again, as after a lost answer: the first answer comes back, without a second ride'
send call66 '201 status=active, Idempotent-Replayed: true' POST "$api/rentals/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' \
  -H "Idempotency-Key: rent-$(field register id)" <<JSON
{"bike": "$(field nearby 'results[0].id')"}
JSON

printf '\n# %s\n' 'Refused: the same key with another body'
send call67 '422 idempotency_key_reused' POST "$api/rentals/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' \
  -H "Idempotency-Key: rent-$(field register id)" <<JSON
{"bike": "$(field nearby 'results[1].id')"}
JSON

printf '\n# %s\n' 'Refused: a second ride at the same time'
send call68 '409 rental_in_progress' POST "$api/rentals/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"bike_number": "$(field nearby 'results[1].number')"}
JSON

printf '\n# %s\n' 'Read the ride and its cost so far'
call call69 '200 status=active, overdue=false' GET "$api/rentals/current/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Refused: deleting the account during a ride'
send call70 '409 rental_in_progress' DELETE "$api/me/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"password": "$password"}
JSON

printf '\n# %s\n' 'Register another rider'
send registerOther '201' POST "$api/auth/register/" \
  -H 'Content-Type: application/json' <<JSON
{"name": "Other", "email": "other-$(guid)@example.org", "password": "$password"}
JSON

printf '\n# %s\n' 'Log in as the other rider'
send loginOther '200' POST "$api/auth/token/" \
  -H 'Content-Type: application/json' <<JSON
{"email": "$(field registerOther email)", "password": "$password"}
JSON

printf '\n# %s\n' 'Refused: the bike is rented'
send call73 '409 bike_unavailable' POST "$api/rentals/" \
  -H "Authorization: Bearer $(field loginOther access)" \
  -H 'Content-Type: application/json' <<JSON
{"bike": "$(field nearby 'results[0].id')"}
JSON

printf '\n# %s\n' 'Refused: renting a bike that does not exist'
send call74 '404 bike_not_found' POST "$api/rentals/" \
  -H "Authorization: Bearer $(field loginOther access)" \
  -H 'Content-Type: application/json' <<JSON
{"bike_number": "no-such-bike"}
JSON

printf '\n# %s\n' 'Refused: reading another rider'"'"'s ride'
call call75 '404 not_found' GET "$api/rentals/$(field rent id)/" \
  -H "Authorization: Bearer $(field loginOther access)"

printf '\n# %s\n' 'Refused: returning to a station that does not exist; the ride goes on'
send call76 '404 station_not_found' POST "$api/rentals/$(field rent id)/return/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"station": "00000000-0000-7000-8000-000000000000"}
JSON

printf '\n# %s\n' 'Return the bike to a station; {} returns it where it was taken, latitude and longitude return it elsewhere'
send call77 '200 status=returned' POST "$api/rentals/$(field rent id)/return/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' \
  -H "Idempotency-Key: return-$(field register id)" <<JSON
{"station": "$(field stations 'results[0].id')"}
JSON

printf '\n# %s\n' 'Return it again with the same key: the first answer comes back'
send call78 '200 status=returned, Idempotent-Replayed: true' POST "$api/rentals/$(field rent id)/return/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' \
  -H "Idempotency-Key: return-$(field register id)" <<JSON
{"station": "$(field stations 'results[0].id')"}
JSON

printf '\n# %s\n' 'Refused: returning it again without a key'
call call79 '409 rental_not_active' POST "$api/rentals/$(field rent id)/return/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'The worker settles the cost within moments'
call call80 'eventually 200 status=settled, cost.final=true' GET "$api/rentals/$(field rent id)/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'List the history, newest first'
call call81 '200 results.0.status=settled' GET "$api/rentals/?status=settled&from=2020-01-01T00:00:00Z&page_size=10" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Verify a token'
send call82 '200' POST "$api/auth/token/verify/" \
  -H 'Content-Type: application/json' <<JSON
{"token": "$(field login access)"}
JSON

printf '\n# %s\n' 'Log in on a second device'
send loginDevice '200' POST "$api/auth/token/" \
  -H 'Content-Type: application/json' <<JSON
{"email": "$(field register email)", "password": "$password"}
JSON

printf '\n# %s\n' 'Refresh on the second device: both tokens are new'
send refresh '200' POST "$api/auth/token/refresh/" \
  -H 'Content-Type: application/json' <<JSON
{"refresh": "$(field loginDevice refresh)"}
JSON

printf '\n# %s\n' 'Refresh again, as after a lost answer: for a minute the old token gives the same new refresh token'
send call85 '200' POST "$api/auth/token/refresh/" \
  -H 'Content-Type: application/json' <<JSON
{"refresh": "$(field loginDevice refresh)"}
JSON

printf '\n# %s\n' 'Refresh with the new refresh token'
send call86 '200' POST "$api/auth/token/refresh/" \
  -H 'Content-Type: application/json' <<JSON
{"refresh": "$(field refresh refresh)"}
JSON

printf '\n# %s\n' 'Refused: the first token again; it may be stolen, so its session ends'
send call87 '401 token_invalid' POST "$api/auth/token/refresh/" \
  -H 'Content-Type: application/json' <<JSON
{"refresh": "$(field loginDevice refresh)"}
JSON

printf '\n# %s\n' 'Refused: the new tokens of that session'
send call88 '401 token_invalid' POST "$api/auth/token/verify/" \
  -H 'Content-Type: application/json' <<JSON
{"token": "$(field refresh access)"}
JSON

printf '\n# %s\n' 'Change the password: every other session ends'
send call89 '204' POST "$api/me/password/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"current_password": "$password", "new_password": "$newPassword"}
JSON

printf '\n# %s\n' 'Refused: the current password is wrong'
send call90 '400 invalid, errors.0.field=current_password, errors.0.code=password_wrong' POST "$api/me/password/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"current_password": "$password", "new_password": "$newPassword"}
JSON

printf '\n# %s\n' 'Rent again, without a key'
send rentAgain '201 status=active' POST "$api/rentals/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"bike_number": "$(field nearby 'results[1].number')"}
JSON

printf '\n# %s\n' 'Refused: returning at 0, 0, outside the service area; nearest says where the ride may end'
send call92 '409 return_not_allowed, reason=outside_service_area' POST "$api/rentals/$(field rentAgain id)/return/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"latitude": 0, "longitude": 0}
JSON

printf '\n# %s\n' 'Refused: returning in a park where no ride ends'
send call93 '409 return_not_allowed, reason=no_return_zone' POST "$api/rentals/$(field rentAgain id)/return/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"latitude": 59.945, "longitude": 30.333}
JSON

printf '\n# %s\n' 'Return the bike in the street; null means absent, and accept_fee costs nothing where a ride may end'
send call94 '200 status=returned, end_station=null' POST "$api/rentals/$(field rentAgain id)/return/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"station": null, "latitude": 59.94, "longitude": 30.32, "accept_fee": true}
JSON

printf '\n# %s\n' 'The bike is free and at no station'
call call95 '200 status=available, station=null' GET "$api/bikes/$(field nearby 'results[1].id')/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Dispute the ride'
send claim '201 status=open, adjustment=null' POST "$api/rentals/$(field rentAgain id)/claims/" \
  -H "Authorization: Bearer $(field login access)" \
  -H "Idempotency-Key: $(guid)" \
  -H 'Content-Type: application/json' <<JSON
{"kind": "wrong_charge", "text": "The bike did not unlock at first."}
JSON

printf '\n# %s\n' 'Refused: the ride has an open claim'
send call97 '409 claim_in_progress' POST "$api/rentals/$(field rentAgain id)/claims/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"kind": "other"}
JSON

printf '\n# %s\n' 'The rider'"'"'s claims, newest first'
call call98 '200 results.0.kind=wrong_charge' GET "$api/claims/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'One claim'
call call99 '200 status=open' GET "$api/claims/$(field claim id)/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Refused: another rider'"'"'s claim is not found'
call call100 '404 claim_not_found' GET "$api/claims/$(field claim id)/" \
  -H "Authorization: Bearer $(field loginOther access)"

printf '\n# %s\n' 'What the rider owes'
call call101 '200 may_rent=true' GET "$api/me/account/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'What was booked on the rider'"'"'s account, newest first'
call call102 '200 results.0.kind=charge, results.0.currency=RUB' GET "$api/me/account/entries/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Export all data about the rider'
call call103 '200 rentals.0.status=cancelled, rentals.1.status=settled' GET "$api/me/export/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Log out: the other rider'"'"'s session ends at once'
send call104 '204' POST "$api/auth/logout/" \
  -H "Authorization: Bearer $(field loginOther access)" \
  -H 'Content-Type: application/json' <<JSON
{"refresh": "$(field loginOther refresh)"}
JSON

printf '\n# %s\n' 'Refused: the access token of the ended session'
call call105 '401 token_invalid' GET "$api/me/" \
  -H "Authorization: Bearer $(field loginOther access)"

printf '\n# %s\n' 'Delete the account; the rides stay without the rider'"'"'s name'
send call106 '204' DELETE "$api/me/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"password": "$newPassword"}
JSON

printf '\n# %s\n' 'Refused: logging in to the deleted account'
send call107 '401 credentials_invalid' POST "$api/auth/token/" \
  -H 'Content-Type: application/json' <<JSON
{"email": "$(field register email)", "password": "$newPassword"}
JSON

printf '\n# %s\n' 'Refused: too many wrong passwords; Retry-After says how long to wait'
send call108 'eventually 429 throttled' POST "$api/auth/token/" \
  -H 'Content-Type: application/json' <<JSON
{"email": "$(field registerOther email)", "password": "wrong-horse-7"}
JSON
