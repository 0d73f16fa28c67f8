#!/usr/bin/env bash
# Every endpoint and every refusal of the API in curl: `bash docs/api/examples.sh`, with `make run`
# in another terminal. BASE=http://… names another server. It prints each call and its answer, and
# exits with 1 at the first unexpected answer. examples.http says which codes are missing, and why.
#
# `make examples` writes this file from examples.http: change that file, not this one.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$(dirname "${BASH_SOURCE[0]}")

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

# is_expected NAME EXPECTATIONS STATUS: prints the answer; 1 when it is another than expected
is_expected() {
  python3 -c '
import json, re, sys
headers, body, expectations, status = open(sys.argv[1]).read(), open(sys.argv[2]).read(), sys.argv[3], sys.argv[4]
print(status, body if len(body) < 2000 else body[:2000] + "...")
lines = (line.partition(": ") for line in headers.splitlines())
fields = {name.lower(): value for name, _, value in lines}
wrong = []
for expectation in expectations.split(", "):
    part, path, operator, wanted = re.fullmatch(r"(\w+) ?(\S*) (==|matches) (.+)", expectation).groups()
    found = status
    if part == "header":
        found = fields.get(path)
    elif part == "body":
        found = json.loads(body) if body[:1] == "{" else {}
        for key in re.findall(r"\w+", path):
            try:
                found = found[int(key) if key.isdigit() else key]
            except (KeyError, IndexError, TypeError):
                found = None
    found = found if isinstance(found, str) else json.dumps(found)
    holds = re.search(wanted, found) if operator == "matches" else found == wanted
    wrong += [] if holds else [expectation]
if wrong:
    sys.exit("expected: " + ", ".join(wrong))' "$work/$1.headers" "$work/$1.body" "$2" "$3"
}

# call NAME EXPECTATIONS METHOD URL [CURL OPTION...]
call() {
  local name=$1 expectations=$2 method=$3 url=$4 attempts=1 status
  shift 4
  if [[ $expectations == eventually\ * ]]; then
    expectations=${expectations#eventually } attempts=60
  fi
  printf '%s %s\n' "$method" "$url"
  for ((attempt = 1; attempt <= attempts; attempt++)); do
    status=$(curl -sS --noproxy '*' --max-time 30 -X "$method" -D "$work/$name.raw" -o "$work/$name.body" \
      -w '%{http_code}' "$@" "$url")
    tr -d '\r' <"$work/$name.raw" >"$work/$name.headers"
    touch "$work/$name.body"
    if is_expected "$name" "$expectations" "$status" 2>"$work/wrong"; then return; fi
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
call call1 'status == 200' GET "$base/health/live/"

printf '\n# %s\n' 'Check the database, the broker and the migrations'
call call2 'status == 200' GET "$base/health/ready/"

printf '\n# %s\n' 'Read the Swagger document; /api/docs/ and /api/redoc/ show it'
call call3 'status == 200, body swagger == 2.0' GET "$base/api/swagger.json"

printf '\n# %s\n' Register
send register 'status == 201' POST "$api/auth/register/" \
  -H 'Content-Type: application/json' <<JSON
{"name": "Rider", "email": "rider-$(guid)@example.org", "password": "$password"}
JSON

printf '\n# %s\n' 'Refused: the e-mail is taken'
send call5 'status == 400, body code == invalid, body errors[0].field == email, body errors[0].code == email_taken' POST "$api/auth/register/" \
  -H 'Content-Type: application/json' <<JSON
{"name": "Rider", "email": "$(field register email)", "password": "$password"}
JSON

printf '\n# %s\n' 'Refused: an invalid field; errors names each one'
send call6 'status == 400, body code == invalid, body errors[0].field == email, body errors[0].code == invalid' POST "$api/auth/register/" \
  -H 'Content-Type: application/json' <<JSON
{"name": "Rider", "email": "no address", "password": "$password"}
JSON

printf '\n# %s\n' 'The same in Russian: the sentences change, the codes do not'
send call7 'status == 400, body code == invalid, body errors[0].code == invalid, header content-language == ru' POST "$api/auth/register/" \
  -H 'Content-Type: application/json' \
  -H 'Accept-Language: ru' <<JSON
{"name": "Rider", "email": "no address", "password": "$password"}
JSON

printf '\n# %s\n' 'Refused: the body is not JSON'
send call8 'status == 400, body code == parse_error' POST "$api/auth/register/" \
  -H 'Content-Type: application/json' <<JSON
{"name":
JSON

printf '\n# %s\n' 'Refused: a compressed body'
send call9 'status == 415, body code == unsupported_media_type' POST "$api/auth/register/" \
  -H 'Content-Type: application/json' \
  -H 'Content-Encoding: gzip' <<JSON
{"name": "Rider"}
JSON

printf '\n# %s\n' 'Refused: a content type that is not JSON'
send call10 'status == 415, body code == unsupported_media_type' POST "$api/auth/register/" \
  -H 'Content-Type: text/plain' <<JSON
name=Rider
JSON

printf '\n# %s\n' 'Refused: a body over 1 MiB'
send call11 'status == 413, body code == too_large' POST "$api/auth/register/" \
  -H 'Content-Type: application/json' <<JSON
$(printf '%1100000s' ' ')
JSON

printf '\n# %s\n' 'Log in'
send login 'status == 200' POST "$api/auth/token/" \
  -H 'Content-Type: application/json' <<JSON
{"email": "$(field register email)", "password": "$password"}
JSON

printf '\n# %s\n' 'Refused: a wrong password; an unknown e-mail and a closed account get the same answer'
send call13 'status == 401, body code == credentials_invalid' POST "$api/auth/token/" \
  -H 'Content-Type: application/json' <<JSON
{"email": "$(field register email)", "password": "wrong-horse-7"}
JSON

printf '\n# %s\n' 'Ask for a password reset; the answer is the same with and without an account'
send call14 'status == 202' POST "$api/auth/password/reset/" \
  -H 'Content-Type: application/json' <<JSON
{"email": "$(field register email)"}
JSON

printf '\n# %s\n' 'Set a new password with the mail'"'"'s token, once, within 10 minutes; this token is invalid'
send call15 'status == 400, body code == invalid, body errors[0].field == token, body errors[0].code == reset_token_invalid' POST "$api/auth/password/reset/confirm/" \
  -H 'Content-Type: application/json' <<JSON
{"token": "$resetToken", "new_password": "$newPassword"}
JSON

printf '\n# %s\n' 'Ask for another link to confirm the e-mail; registering sent the first'
call call16 'status == 202' POST "$api/auth/email/resend/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Confirm the e-mail with the mail'"'"'s token, once, within three days; this token is invalid'
send call17 'status == 400, body code == invalid, body errors[0].field == token, body errors[0].code == email_token_invalid' POST "$api/auth/email/confirm/" \
  -H 'Content-Type: application/json' <<JSON
{"token": "$resetToken"}
JSON

printf '\n# %s\n' 'Refused: no token'
call call18 'status == 401, body code == not_authenticated' GET "$api/me/"

printf '\n# %s\n' 'Refused: an invalid token'
call call19 'status == 401, body code == token_invalid' GET "$api/me/" \
  -H 'Authorization: Bearer nonsense'

printf '\n# %s\n' 'Read the profile'
call call20 'status == 200, body name == Rider' GET "$api/me/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Change the name'
send call21 'status == 200, body name == Rider the Second' PATCH "$api/me/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"name": "Rider the Second", "language": "en"}
JSON

printf '\n# %s\n' 'Refused: a method that this path does not take'
send call22 'status == 405, body code == method_not_allowed' PUT "$api/me/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{}
JSON

printf '\n# %s\n' 'Refused: a path that does not exist'
call call23 'status == 404, body code == not_found' GET "$api/scooters/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'List the free bikes'
call bikes 'status == 200, body results[0].status == available' GET "$api/bikes/?page_size=2" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'List the bikes near a point, nearest first, with distance_m'
call nearby 'status == 200, body results[0].status == available' GET "$api/bikes/?lat=$(field bikes 'results[0].latitude')&lon=$(field bikes 'results[0].longitude')&radius=5000&page_size=5" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Find a bike by its number, however it is typed'
call call26 'status == 200, body results[0].status == available' GET "$api/bikes/?number=https://bikerental.example/b/$(field nearby 'results[0].number')" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Refused: a number that no bike can have'
call call27 'status == 400, body code == invalid, body errors[0].field == number' GET "$api/bikes/?number=---" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'List the bikes in a box: west, south, east, north'
call call28 'status == 200' GET "$api/bikes/?bbox=-180,-90,180,90&status=any&page_size=5" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Refused: an invalid value'
call call29 'status == 400, body code == invalid, body errors[0].field == status' GET "$api/bikes/?status=blue" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Read one bike'
call call30 'status == 200, body status == available' GET "$api/bikes/$(field nearby 'results[0].id')/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Refused: there is no such bike'
call call31 'status == 404, body code == bike_not_found' GET "$api/bikes/00000000-0000-7000-8000-000000000000/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Refused: only operators upload photos of a bike'
call call32 'status == 403, body code == forbidden' POST "$api/bikes/$(field nearby 'results[0].id')/photo/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Log in as an operator'
send loginOperator 'status == 200' POST "$api/auth/token/" \
  -H 'Content-Type: application/json' <<JSON
{"email": "$operator", "password": "$operatorPassword"}
JSON

printf '\n# %s\n' 'Refused: an invalid code; in production operators send the authenticator'"'"'s code'
send call34 'status == 401, body code == credentials_invalid' POST "$api/auth/token/" \
  -H 'Content-Type: application/json' <<JSON
{"email": "$operator", "password": "$operatorPassword", "code": "000000"}
JSON

printf '\n# %s\n' 'Begin an upload as an operator; the form is valid for ten minutes'
call photo 'status == 201, body max_bytes == 5242880' POST "$api/bikes/$(field nearby 'results[0].id')/photo/" \
  -H "Authorization: Bearer $(field loginOperator access)"

printf '\n# %s\n' 'Refused: confirming before the photo is sent'
send call36 'status == 400, body code == invalid, body errors[0].field == photo, body errors[0].code == missing' POST "$api/bikes/$(field nearby 'results[0].id')/photo/confirm/" \
  -H "Authorization: Bearer $(field loginOperator access)" \
  -H 'Content-Type: application/json' <<JSON
{"upload": "$(field photo id)"}
JSON

printf '\n# %s\n' 'Send the form'"'"'s fields and the photo to the form'"'"'s url'
call call37 'status == 204' POST "$(field photo url)" \
  -F "key=$(field photo fields.key)" \
  -F "signature=$(field photo fields.signature)" \
  -F "file=@$here/photo.png"

printf '\n# %s\n' 'Confirm the upload; a task prepares the photo'
send call38 'status == 202' POST "$api/bikes/$(field nearby 'results[0].id')/photo/confirm/" \
  -H "Authorization: Bearer $(field loginOperator access)" \
  -H 'Content-Type: application/json' <<JSON
{"upload": "$(field photo id)"}
JSON

printf '\n# %s\n' 'Ask until the task has prepared the photo'
send call39 'eventually status == 202, body state == published' POST "$api/bikes/$(field nearby 'results[0].id')/photo/confirm/" \
  -H "Authorization: Bearer $(field loginOperator access)" \
  -H 'Content-Type: application/json' <<JSON
{"upload": "$(field photo id)"}
JSON

printf '\n# %s\n' 'The photo is published'
send call40 'status == 202, body state == published' POST "$api/bikes/$(field nearby 'results[0].id')/photo/confirm/" \
  -H "Authorization: Bearer $(field loginOperator access)" \
  -H 'Content-Type: application/json' <<JSON
{"upload": "$(field photo id)"}
JSON

printf '\n# %s\n' 'Refused: an upload for another bike; another user'"'"'s upload gets the same answer'
send call41 'status == 404, body code == not_found' POST "$api/bikes/$(field nearby 'results[1].id')/photo/confirm/" \
  -H "Authorization: Bearer $(field loginOperator access)" \
  -H 'Content-Type: application/json' <<JSON
{"upload": "$(field photo id)"}
JSON

printf '\n# %s\n' 'Report a broken bike'
send report 'status == 201, body state == open' POST "$api/bikes/$(field nearby 'results[1].id')/reports/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"kind": "lights", "text": "The rear light flickers."}
JSON

printf '\n# %s\n' 'Report it again: the answer is the same report'
send call43 'status == 200, body state == open' POST "$api/bikes/$(field nearby 'results[1].id')/reports/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"kind": "lights"}
JSON

printf '\n# %s\n' 'Begin an upload of a photo for the report'
call reportPhoto 'status == 201' POST "$api/bikes/$(field nearby 'results[1].id')/reports/$(field report id)/photo/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Send the photo of the report'
call call45 'status == 204' POST "$(field reportPhoto url)" \
  -F "key=$(field reportPhoto fields.key)" \
  -F "signature=$(field reportPhoto fields.signature)" \
  -F "file=@$here/photo.png"

printf '\n# %s\n' 'Confirm the photo of the report'
send call46 'status == 202' POST "$api/bikes/$(field nearby 'results[1].id')/reports/$(field report id)/photo/confirm/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"upload": "$(field reportPhoto id)"}
JSON

printf '\n# %s\n' 'Ask what a ride of 30 minutes would cost'
call call47 'status == 200, body minutes == 30, body cost.final == false' GET "$api/bikes/$(field nearby 'results[0].id')/quote/?minutes=30" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Refused: a price is asked for 1 to 10,080 minutes'
call call48 'status == 400, body code == invalid, body errors[0].field == minutes' GET "$api/bikes/$(field nearby 'results[0].id')/quote/?minutes=10081" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'List the stations, with bikes_available and docks_available'
call stations 'status == 200' GET "$api/stations/?page_size=5" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'List the nearest stations, with distance_m'
call call50 'status == 200, body results[0].distance_m == 0.0' GET "$api/stations/?lat=$(field stations 'results[0].latitude')&lon=$(field stations 'results[0].longitude')&radius=500" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Read one station'
call call51 'status == 200' GET "$api/stations/$(field stations 'results[0].id')/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Refused: there is no such station'
call call52 'status == 404, body code == station_not_found' GET "$api/stations/00000000-0000-7000-8000-000000000000/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'List the zones as GeoJSON: where a ride may end'
call zones 'status == 200, body type == FeatureCollection' GET "$api/zones/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Refused: the rider has no active ride'
call call54 'status == 404, body code == no_active_rental' GET "$api/rentals/current/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Refused: the rider has reserved no bike'
call call55 'status == 404, body code == no_active_reservation' GET "$api/reservations/current/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Reserve a bike; it waits until expires_at'
send reserve 'status == 201, body status == active' POST "$api/reservations/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' \
  -H "Idempotency-Key: reserve-$(field register id)" <<JSON
{"bike": "$(field nearby 'results[1].id')"}
JSON

printf '\n# %s\n' 'Read the reservation'
call call57 'status == 200, body status == active' GET "$api/reservations/current/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Refused: a second reservation at the same time'
send call58 'status == 409, body code == reservation_in_progress' POST "$api/reservations/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"bike": "$(field nearby 'results[0].id')"}
JSON

printf '\n# %s\n' 'Give the reserved bike up'
call call59 'status == 204' DELETE "$api/reservations/$(field reserve id)/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Refused: the reservation has ended'
call call60 'status == 409, body code == reservation_not_active' DELETE "$api/reservations/$(field reserve id)/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Refused: the same bike again soon after a reservation that was not used'
send call61 'status == 409, body code == reservation_refused' POST "$api/reservations/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"bike": "$(field nearby 'results[1].id')"}
JSON

printf '\n# %s\n' 'Refused: an empty Idempotency-Key'
send call62 'status == 400, body code == idempotency_key_invalid' POST "$api/rentals/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' \
  -H 'Idempotency-Key: ""' <<JSON
{"bike": "$(field nearby 'results[0].id')"}
JSON

printf '\n# %s\n' 'Rent a bike that turns out not to unlock'
send rentWrong 'status == 201, body status == active' POST "$api/rentals/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"bike": "$(field nearby 'results[2].id')"}
JSON

printf '\n# %s\n' 'Cancel the ride; it costs nothing'
send call64 'status == 200, body status == cancelled, body cost.amount == 0.00, body cost.final == true' POST "$api/rentals/$(field rentWrong id)/cancel/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' \
  -H "Idempotency-Key: cancel-$(field rentWrong id)" <<JSON
{"reason": "not_unlocked", "text": "The lock only beeped."}
JSON

printf '\n# %s\n' 'Refused: the ride has ended'
send call65 'status == 409, body code == rental_not_active' POST "$api/rentals/$(field rentWrong id)/cancel/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"reason": "other"}
JSON

printf '\n# %s\n' 'Rent a bike; the key makes a retry safe'
send rent 'status == 201, body status == active, body cost.final == false' POST "$api/rentals/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' \
  -H "Idempotency-Key: rent-$(field register id)" <<JSON
{"bike": "$(field nearby 'results[0].id')"}
JSON

printf '\n# %s\n' 'Send it again, as after a lost answer: the first answer comes back, without a second ride'
send call67 'status == 201, body status == active, header idempotent-replayed == true' POST "$api/rentals/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' \
  -H "Idempotency-Key: rent-$(field register id)" <<JSON
{"bike": "$(field nearby 'results[0].id')"}
JSON

printf '\n# %s\n' 'Refused: the same key with another body'
send call68 'status == 422, body code == idempotency_key_reused' POST "$api/rentals/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' \
  -H "Idempotency-Key: rent-$(field register id)" <<JSON
{"bike": "$(field nearby 'results[1].id')"}
JSON

printf '\n# %s\n' 'Refused: a second ride at the same time'
send call69 'status == 409, body code == rental_in_progress' POST "$api/rentals/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"bike_number": "$(field nearby 'results[1].number')"}
JSON

printf '\n# %s\n' 'Read the ride and its cost so far'
call call70 'status == 200, body status == active, body overdue == false' GET "$api/rentals/current/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Refused: deleting the account during a ride'
send call71 'status == 409, body code == rental_in_progress' DELETE "$api/me/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"password": "$password"}
JSON

printf '\n# %s\n' 'Register another rider'
send registerOther 'status == 201' POST "$api/auth/register/" \
  -H 'Content-Type: application/json' <<JSON
{"name": "Other", "email": "other-$(guid)@example.org", "password": "$password"}
JSON

printf '\n# %s\n' 'Log in as the other rider'
send loginOther 'status == 200' POST "$api/auth/token/" \
  -H 'Content-Type: application/json' <<JSON
{"email": "$(field registerOther email)", "password": "$password"}
JSON

printf '\n# %s\n' 'Refused: the bike is rented'
send call74 'status == 409, body code == bike_unavailable' POST "$api/rentals/" \
  -H "Authorization: Bearer $(field loginOther access)" \
  -H 'Content-Type: application/json' <<JSON
{"bike": "$(field nearby 'results[0].id')"}
JSON

printf '\n# %s\n' 'Refused: renting a bike that does not exist'
send call75 'status == 404, body code == bike_not_found' POST "$api/rentals/" \
  -H "Authorization: Bearer $(field loginOther access)" \
  -H 'Content-Type: application/json' <<JSON
{"bike_number": "no-such-bike"}
JSON

printf '\n# %s\n' 'Refused: reading another rider'"'"'s ride'
call call76 'status == 404, body code == not_found' GET "$api/rentals/$(field rent id)/" \
  -H "Authorization: Bearer $(field loginOther access)"

printf '\n# %s\n' 'Refused: returning to a station that does not exist; the ride goes on'
send call77 'status == 404, body code == station_not_found' POST "$api/rentals/$(field rent id)/return/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"station": "00000000-0000-7000-8000-000000000000"}
JSON

printf '\n# %s\n' 'Return the bike to a station; {} returns it where it was taken, latitude and longitude return it elsewhere'
send call78 'status == 200, body status == returned' POST "$api/rentals/$(field rent id)/return/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' \
  -H "Idempotency-Key: return-$(field register id)" <<JSON
{"station": "$(field stations 'results[0].id')"}
JSON

printf '\n# %s\n' 'Return it again with the same key: the first answer comes back'
send call79 'status == 200, body status == returned, header idempotent-replayed == true' POST "$api/rentals/$(field rent id)/return/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' \
  -H "Idempotency-Key: return-$(field register id)" <<JSON
{"station": "$(field stations 'results[0].id')"}
JSON

printf '\n# %s\n' 'Refused: returning it again without a key'
call call80 'status == 409, body code == rental_not_active' POST "$api/rentals/$(field rent id)/return/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Ask until the worker has settled the cost'
call call81 'eventually status == 200, body status == settled' GET "$api/rentals/$(field rent id)/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'The cost is settled'
call call82 'status == 200, body status == settled, body cost.final == true' GET "$api/rentals/$(field rent id)/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'List the history, newest first'
call call83 'status == 200, body results[0].status == settled' GET "$api/rentals/?status=settled&from=2020-01-01T00:00:00Z&page_size=10" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Verify a token'
send call84 'status == 200' POST "$api/auth/token/verify/" \
  -H 'Content-Type: application/json' <<JSON
{"token": "$(field login access)"}
JSON

printf '\n# %s\n' 'Log in on a second device'
send loginDevice 'status == 200' POST "$api/auth/token/" \
  -H 'Content-Type: application/json' <<JSON
{"email": "$(field register email)", "password": "$password"}
JSON

printf '\n# %s\n' 'Refresh on the second device: both tokens are new'
send refresh 'status == 200' POST "$api/auth/token/refresh/" \
  -H 'Content-Type: application/json' <<JSON
{"refresh": "$(field loginDevice refresh)"}
JSON

printf '\n# %s\n' 'Refresh again, as after a lost answer: for a minute the old token gives the same new refresh token'
send call87 'status == 200' POST "$api/auth/token/refresh/" \
  -H 'Content-Type: application/json' <<JSON
{"refresh": "$(field loginDevice refresh)"}
JSON

printf '\n# %s\n' 'Refresh with the new refresh token'
send call88 'status == 200' POST "$api/auth/token/refresh/" \
  -H 'Content-Type: application/json' <<JSON
{"refresh": "$(field refresh refresh)"}
JSON

printf '\n# %s\n' 'Refused: the first token again; it may be stolen, so its session ends'
send call89 'status == 401, body code == token_invalid' POST "$api/auth/token/refresh/" \
  -H 'Content-Type: application/json' <<JSON
{"refresh": "$(field loginDevice refresh)"}
JSON

printf '\n# %s\n' 'Refused: the new tokens of that session'
send call90 'status == 401, body code == token_invalid' POST "$api/auth/token/verify/" \
  -H 'Content-Type: application/json' <<JSON
{"token": "$(field refresh access)"}
JSON

printf '\n# %s\n' 'Change the password: every other session ends'
send call91 'status == 204' POST "$api/me/password/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"current_password": "$password", "new_password": "$newPassword"}
JSON

printf '\n# %s\n' 'Refused: the current password is wrong'
send call92 'status == 400, body code == invalid, body errors[0].field == current_password, body errors[0].code == password_wrong' POST "$api/me/password/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"current_password": "$password", "new_password": "$newPassword"}
JSON

printf '\n# %s\n' 'Rent again, without a key'
send rentAgain 'status == 201, body status == active' POST "$api/rentals/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"bike_number": "$(field nearby 'results[1].number')"}
JSON

printf '\n# %s\n' 'Refused: returning at 0, 0, outside the service area; nearest says where the ride may end'
send call94 'status == 409, body code == return_not_allowed, body reason == outside_service_area' POST "$api/rentals/$(field rentAgain id)/return/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"latitude": 0, "longitude": 0}
JSON

printf '\n# %s\n' 'Refused: returning in a park where no ride ends'
send call95 'status == 409, body code == return_not_allowed, body reason == no_return_zone' POST "$api/rentals/$(field rentAgain id)/return/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"latitude": 59.945, "longitude": 30.333}
JSON

printf '\n# %s\n' 'Return the bike in the street; null means absent, and accept_fee costs nothing where a ride may end'
send call96 'status == 200, body status == returned, body end_station == null' POST "$api/rentals/$(field rentAgain id)/return/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"station": null, "latitude": 59.94, "longitude": 30.32, "accept_fee": true}
JSON

printf '\n# %s\n' 'The bike is free and at no station'
call call97 'status == 200, body status == available, body station == null' GET "$api/bikes/$(field nearby 'results[1].id')/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Dispute the ride'
send claim 'status == 201, body status == open, body adjustment == null' POST "$api/rentals/$(field rentAgain id)/claims/" \
  -H "Authorization: Bearer $(field login access)" \
  -H "Idempotency-Key: $(guid)" \
  -H 'Content-Type: application/json' <<JSON
{"kind": "wrong_charge", "text": "The bike did not unlock at first."}
JSON

printf '\n# %s\n' 'Refused: the ride has an open claim'
send call99 'status == 409, body code == claim_in_progress' POST "$api/rentals/$(field rentAgain id)/claims/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"kind": "other"}
JSON

printf '\n# %s\n' 'The rider'"'"'s claims, newest first'
call call100 'status == 200, body results[0].kind == wrong_charge' GET "$api/claims/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'One claim'
call call101 'status == 200, body status == open' GET "$api/claims/$(field claim id)/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Refused: another rider'"'"'s claim is not found'
call call102 'status == 404, body code == claim_not_found' GET "$api/claims/$(field claim id)/" \
  -H "Authorization: Bearer $(field loginOther access)"

printf '\n# %s\n' 'What the rider owes'
call call103 'status == 200, body may_rent == true' GET "$api/me/account/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'What was booked on the rider'"'"'s account, newest first'
call call104 'status == 200, body results[0].kind == charge, body results[0].currency == RUB' GET "$api/me/account/entries/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Export all data about the rider'
call call105 'status == 200, body rentals[0].status == cancelled, body rentals[1].status == settled' GET "$api/me/export/" \
  -H "Authorization: Bearer $(field login access)"

printf '\n# %s\n' 'Log out: the other rider'"'"'s session ends at once'
send call106 'status == 204' POST "$api/auth/logout/" \
  -H "Authorization: Bearer $(field loginOther access)" \
  -H 'Content-Type: application/json' <<JSON
{"refresh": "$(field loginOther refresh)"}
JSON

printf '\n# %s\n' 'Refused: the access token of the ended session'
call call107 'status == 401, body code == token_invalid' GET "$api/me/" \
  -H "Authorization: Bearer $(field loginOther access)"

printf '\n# %s\n' 'Delete the account; the rides stay without the rider'"'"'s name'
send call108 'status == 204' DELETE "$api/me/" \
  -H "Authorization: Bearer $(field login access)" \
  -H 'Content-Type: application/json' <<JSON
{"password": "$newPassword"}
JSON

printf '\n# %s\n' 'Refused: logging in to the deleted account'
send call109 'status == 401, body code == credentials_invalid' POST "$api/auth/token/" \
  -H 'Content-Type: application/json' <<JSON
{"email": "$(field register email)", "password": "$newPassword"}
JSON

printf '\n# %s\n' 'Guess a password: from the sixth failure on, the wait doubles'
send call110 'eventually status matches 401|429, header retry-after == 4' POST "$api/auth/token/" \
  -H 'Content-Type: application/json' <<JSON
{"email": "$(field registerOther email)", "password": "wrong-horse-7"}
JSON

printf '\n# %s\n' 'Refused: too many wrong passwords; Retry-After says how long to wait'
send call111 'status == 429, body code == throttled' POST "$api/auth/token/" \
  -H 'Content-Type: application/json' <<JSON
{"email": "$(field registerOther email)", "password": "wrong-horse-7"}
JSON
