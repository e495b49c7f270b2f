#!/usr/bin/env bash
# `secretfs explain`: the decision and its rule for callers that need not exist, what every rule says,
# exit codes, JSON, and what is wrong with what was asked.
source "$(dirname "$0")/lib.sh"
need jq

cat >"$work/config.yaml" <<'YAML'
secrets:
  db/password: {file: x, owner: 0, group: 4000, mode: "0440", readers: ["user:7", "unit:db@*.service"]}
  confined:    {file: x, owner: 0, group: 0, mode: "0444", confine_to: ["unit:web.service"]}
  hers:        {file: x, owner: 4711, group: 0, readers: ["user-unit:backup.service", "exe:/usr/bin/*"]}
YAML
explain() { # CODE RULE PATH OPTIONS...
  local code=$1 rule=$2 path=$3
  shift 3
  expect_exit "$code" "$program" explain --json "$path" "$work/config.yaml" --mount /run/secrets "$@"
  expect_eq "$(jq -r .rule <<<"$out")" "$rule" "rule for $path $*"
  expect_eq "$(jq -r .decision <<<"$out")" "$([[ $code == 0 ]] && echo granted || echo denied)" "decision for $path $*"
}
explain 0 root db/password --user 0
explain 0 user:7 db/password --user 7
explain 0 group db/password --user 8 --group 9 --group 4000
explain 4 none db/password --user 8 --group 9
explain 0 'unit:db@*.service' db/password --user 8 --unit db@a.service
explain 4 none db/password --user 8 --unit dba.service
explain 4 confine_to confined --user 0
explain 0 root confined --user 0 --unit web.service
explain 0 other confined --user 8 --group 9 --unit web.service
explain 0 user-unit:backup.service hers --user 4711 --group 9 --credential --user-unit backup.service
explain 0 owner hers --user 4711 --user-unit backup.service
explain 0 user-unit:backup.service hers --user 8 --user-unit 4711/backup.service
explain 4 none hers --user 8 --user-unit backup.service
explain 0 'exe:/usr/bin/*' hers --user 8 --exe /usr/bin/x
explain 4 none db/password --user 0 --credential
explain 0 'unit:db@*.service' db/password --user 0 --credential --unit db@a.service
explain 0 root /run/secrets/db/password --user 0
explain 4 none /run/secrets/.credstore/db.password --user 0 --unit web.service
explain 0 'unit:db@*.service' .credstore/db.password --user 0 --unit db@a.service

expect_exit 4 "$program" explain db/password "$work/config.yaml" --user 8 --group 9 --unit web.service
expect_eq "$out" 'db/password: may not read it, by rule none
KEY      RULE               FITS
-        root               no
mode     0440 0:4000        no
readers  user:7             no
readers  unit:db@*.service  no' 'the table'
expect_exit 4 "$program" explain --json db/password "$work/config.yaml" --user 8 --group 9
expect_eq "$(jq -c '[.secret, .credential, (.rules[] | [.key, .rule, .fits])]' <<<"$out")" \
  '["db/password",false,["","root",false],["mode","0440 0:4000",false],["readers","user:7",false],["readers","unit:db@*.service",false]]' 'JSON'

expect_exit 0 "$program" explain -c "$work/config.yaml" confined --user 0 --unit web.service
expect_exit 0 "$program" explain confined --config "$work/config.yaml" --user 0 --unit web.service
cat >"$work/unknown.yaml" <<'YAML'
secrets:
  both:  {file: x, owner: no-such-user, group: no-such-group, readers: ["group:no-such-group", "user:7"]}
  group: {file: x, owner: 0, group: no-such-group, readers: ["user-unit:no-such-user/a.service", "user-unit:a.service"]}
YAML
expect_exit 4 "$program" explain both "$work/unknown.yaml" --user 8
expect_eq "$out" 'both: may not read it, by rule none
KEY      RULE                                                           FITS
-        root                                                           no
mode     0400 no-such-user:no-such-group (no such user, no such group)  no
readers  group:no-such-group (no such group)                            no
readers  user:7                                                         no' 'names that do not exist'
expect_exit 4 "$program" explain --json group -c "$work/unknown.yaml" --user 8
expect_eq "$(jq -c '[.rules[].remark]' <<<"$out")" '[null,"(no such group)","(no such user)",null]' 'remarks in JSON'

wrong() { # CODE MESSAGE OPTIONS...
  local code=$1 message=$2
  shift 2
  expect_exit "$code" "$program" explain "$@"
  expect_match "$err" "$message" "what is wrong with $*"
}
wrong 1 "there is no secret or view 'db/pasword'.*did you mean 'db/password'" db/pasword "$work/config.yaml"
wrong 1 "there is no secret or view 'db/password'" .credstore/db/password "$work/config.yaml"
wrong 2 "there is no user 'nobody-of-this-name'" confined "$work/config.yaml" --user nobody-of-this-name
wrong 2 "there is no group 'none-of-this-name'" confined "$work/config.yaml" --group none-of-this-name
wrong 2 "'nginx' is not the name of a unit" confined "$work/config.yaml" --unit nginx
wrong 2 "'a.service/b.service' is not the name of a unit" confined "$work/config.yaml" --unit a.service/b.service
wrong 2 "'x' is not the name of a unit" confined "$work/config.yaml" --user-unit 4711/x
wrong 2 "'cat' is not the path of a program" confined "$work/config.yaml" --exe cat
wrong 2 'secretfs explain --help' --no-such-option confined
wrong 2 'secretfs explain --help' --user
wrong 2 'secretfs explain --help' confined "$work/config.yaml" -c "$work/config.yaml"
expect_exit 2 "$program" tokens set --no-such-option
expect_match "$err" 'secretfs tokens set --help' 'the hint for a command below another'
expect_exit 2 "$program" explan
expect_match "$err" "did you mean 'explain'" 'the hint for a word that is no command'
wrong 3 'does-not-exist' confined "$work/does-not-exist.yaml"

finish 'explain tells the decision, its rule and what each rule says'
