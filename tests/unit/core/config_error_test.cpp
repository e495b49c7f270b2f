// Every complaint of the loader, word for word: what, where, and how to mend it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/core/config_fixture.h"

namespace secretfs {
namespace {

using test::Complaint;
using test::Load;
using testing::HasSubstr;
using testing::StartsWith;

struct Case {
  const char* fact;
  std::string text;
  std::string complaint;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.fact; }

class ConfigError : public testing::TestWithParam<Case> {};

TEST_P(ConfigError, SaysWhatWhereAndHow) {
  const auto loaded = Load(GetParam().text);
  EXPECT_EQ(Complaint(loaded), GetParam().complaint) << GetParam().text;
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Code::kInvalid);
}

const auto kName = [](const auto& test) { return std::string(test.param.fact); };

/// One secret `x` with these keys: the complaint's line is 2, and `age` begins at column 7.
std::string Secret(const std::string& keys) { return "secrets:\n  x: {" + keys + "}\n"; }
std::string Named(const std::string& name) { return "secrets:\n  " + name + ": {age: /x}\n"; }

INSTANTIATE_TEST_SUITE_P(
    Keys, ConfigError,
    testing::Values(
        Case{"UnknownSection", "secret: {}\n",
             "config.yaml:1:1: unknown key 'secret' | did you mean 'secrets'? known: identities, "
             "plugins, defaults, audit, credentials, offline, sources, secrets, views"},
        Case{"UnknownSectionFarFromAll", "kubernetes: {}\n",
             "config.yaml:1:1: unknown key 'kubernetes' | known: identities, plugins, defaults, "
             "audit, credentials, offline, sources, secrets, views"},
        Case{"UnknownKeyOfASecret", Secret("age: /x, onwer: a"),
             "config.yaml:2:16: unknown key 'onwer' | did you mean 'owner'? known: owner, group, "
             "mode, readers, confine_to, wait, links, copies, on_change, offline, source, key, "
             "ref, age, file, note"},
        Case{"UnknownKeyOfDefaults", "defaults: {readers: []}\n",
             "config.yaml:1:12: unknown key 'readers' | known: owner, group, mode, wait"},
        Case{
            "UnknownKeyOfAudit", "audit: {path: /x}\n",
            "config.yaml:1:9: unknown key 'path' | known: file, max_size, keep, journal, required"},
        Case{"UnknownKeyOfASource", "sources:\n  s:\n    sops: {fil: x}\n",
             "config.yaml:3:12: unknown key 'fil' | did you mean 'file'? known: file"},
        Case{"UnknownKeyOfAView", "views:\n  v: {format: template, content: x, source: s}\n",
             "config.yaml:2:37: unknown key 'source' | known: owner, group, mode, readers, "
             "confine_to, wait, links, copies, on_change, format, content, include"},
        Case{"EmptyKey", "\"\": 1\n",
             "config.yaml:1:1: unknown key '' | known: identities, plugins, defaults, audit, "
             "credentials, offline, sources, secrets, views"},
        Case{"TerminalEscapesInAKey", "\"\\e[2J\": 1\n",
             "config.yaml:1:1: unknown key '\\x1b[2J' | known: identities, plugins, defaults, "
             "audit, credentials, offline, sources, secrets, views"},
        Case{"MergeKeyIsNotSupported", "secrets:\n  a: &a {age: /x}\n  b:\n    <<: *a\n",
             "config.yaml:4:5: unknown key '<<' | known: owner, group, mode, readers, confine_to, "
             "wait, links, copies, on_change, offline, source, key, ref, age, file, note"},
        Case{"DuplicateSection", "secrets: {}\nviews: {}\nsecrets: {}\n",
             "config.yaml:3:1: 'secrets' stands here twice | first at config.yaml:1:1"},
        Case{"DuplicateSecret", "secrets:\n  x: {age: /x}\n  x: {age: /x}\n",
             "config.yaml:3:3: 'x' stands here twice | first at config.yaml:2:3"},
        Case{"DuplicateSecretInOtherSpelling", "secrets:\n  x: {age: /x}\n  \"\\x78\": {age: /x}\n",
             "config.yaml:3:3: 'x' stands here twice | first at config.yaml:2:3"},
        Case{"DuplicateKeyOfASecret", Secret("age: /x, owner: a, owner: a"),
             "config.yaml:2:26: 'owner' stands here twice | first at config.yaml:2:16"},
        Case{"DuplicateKeyInJson", "{\"audit\": {\"file\": \"/a\", \"file\": \"/b\"}}",
             "config.yaml:1:26: 'file' stands here twice | first at config.yaml:1:12"},
        Case{"DuplicateKeyOfAViewMap",
             "views:\n  v: {format: kubernetes-secret, name: n, data: {a: x, a: y}}\n",
             "config.yaml:2:56: 'a' stands here twice | first at config.yaml:2:50"},
        Case{"KeyThatIsAList", "? [a]\n: 1\n", "config.yaml:1:3: a key must be plain text"}),
    kName);

INSTANTIATE_TEST_SUITE_P(
    Shapes, ConfigError,
    testing::Values(
        Case{"ListAtTheTop", "- a\n",
             "config.yaml:1:1: the configuration must be a mapping of keys to values"},
        Case{"TextAtTheTop", "hello\n",
             "config.yaml:1:1: the configuration must be a mapping of keys to values"},
        Case{"SecretsAsAList", "secrets:\n  - x\n",
             "config.yaml:2:3: 'secrets' must be a mapping of keys to values"},
        Case{"SecretAsText", "secrets:\n  x: file.age\n",
             "config.yaml:2:6: 'x' must be a mapping of keys to values"},
        Case{"QuotedNothingIsNotAMapping", "secrets: \"\"\n",
             "config.yaml:1:10: 'secrets' must be a mapping of keys to values"},
        Case{"IdentitiesAsText", "identities: /key\n",
             "config.yaml:1:13: 'identities' must be a list of files"},
        Case{"UnknownKeyOfAnIdentity", "identities: [{fil: b}]\n",
             "config.yaml:1:15: unknown key 'fil' | did you mean 'file'? known: file, passphrase"},
        Case{"IdentityWithoutAFile", "identities: [{passphrase: b}]\n",
             "config.yaml:1:14: an identity needs a 'file' | as in {file: PATH, passphrase: PATH}"},
        Case{"IdentityAsAList", "identities: [[b]]\n",
             "config.yaml:1:14: an identity must be a mapping of keys to values"},
        Case{"PassphraseInTheNixStore", "identities: [{file: /k, passphrase: /nix/store/p}]\n",
             "config.yaml:1:37: a passphrase in the nix store can be read by everybody | keep it "
             "outside, as in /var/lib/secretfs/identity.txt"},
        Case{"PluginsWithoutADirectory", "plugins: {timeout: 3s}\n",
             "config.yaml:1:10: 'dir' is missing"},
        Case{"UnknownKeyOfPlugins", "plugins: {folder: /x}\n",
             "config.yaml:1:11: unknown key 'folder' | known: dir, timeout, secrets"},
        Case{"PluginsWithoutTime", "plugins: {dir: /x, timeout: 0}\n",
             "config.yaml:1:29: a plugin needs some time"},
        Case{"PluginNameThatClimbs", "plugins: {dir: /x, secrets: {../y: /z}}\n",
             "config.yaml:1:30: '../y' is not the name of a plugin | as in 'yubikey' for "
             "age-plugin-yubikey"},
        Case{"PluginSecretAsAMapping", "plugins: {dir: /x, secrets: {y: {a: b}}}\n",
             "config.yaml:1:33: a plugin's secret must be plain text"},
        Case{"EmptyIdentity", "identities: ['']\n", "config.yaml:1:14: an identity is empty"},
        Case{"CredentialWithoutAName", "identities: ['credential:']\n",
             "config.yaml:1:14: is not the name of a credential | as in 'credential:identity'"},
        Case{"CredentialThatClimbs", "identities: ['credential:../x']\n",
             "config.yaml:1:14: is not the name of a credential | as in 'credential:identity'"},
        Case{"CredentialThatIsTheFolder", "identities: ['credential:..']\n",
             "config.yaml:1:14: is not the name of a credential | as in 'credential:identity'"},
        Case{"IdentityWithNul", "identities: [\"/a\\0b\"]\n",
             "config.yaml:1:14: a path has a NUL byte"},
        Case{"IdentityInTheNixStore", "identities: [/nix/store/abc-key]\n",
             "config.yaml:1:14: an identity in the nix store can be read by everybody | keep it "
             "outside, as in /var/lib/secretfs/identity.txt"},
        Case{"UnknownKeyOfCredentials", "credentials: {sockets: /x}\n",
             "config.yaml:1:15: unknown key 'sockets' | did you mean 'socket'? known: socket, "
             "scopes"},
        Case{
            "ScopesAsText", "credentials: {scopes: db}\n",
            "config.yaml:1:23: 'scopes' must be a list of folders of names | as in [db, web/prod]"},
        Case{"ScopeThatIsNoName", "credentials: {scopes: [/db]}\n",
             "config.yaml:1:24: scope '/db' has an empty component | a scope is a folder below the "
             "mount point"},
        Case{"ScopesWithOneSocket", "credentials: {scopes: [a/b, a.b]}\n",
             "config.yaml:1:29: scopes 'a/b' and 'a.b' have one socket | keep one of them"},
        Case{"OwnerAsAList", Secret("age: /x, owner: [a]"),
             "config.yaml:2:23: 'owner' must be plain text"},
        Case{"EmptyOwner", Secret("age: /x, owner: "), "config.yaml:2:23: 'owner' is empty"},
        Case{"NullOwner", Secret("age: /x, owner: ~"), "config.yaml:2:23: 'owner' is empty"},
        Case{"NullInCapitals", Secret("age: /x, owner: NULL"),
             "config.yaml:2:23: 'owner' is empty"},
        Case{"EmptyReference", Secret("age: ''"), "config.yaml:2:12: 'age' is empty"},
        Case{"ReferenceAsAMapping", Secret("age: {file: x}"),
             "config.yaml:2:12: 'age' must be plain text"},
        Case{"ReferenceWithNul", Secret("age: \"a\\0b\""),
             "config.yaml:2:12: a path has a NUL byte"},
        Case{"AuditToNowhere", "audit: {required: true}\n",
             "config.yaml:1:8: 'audit' needs a 'file' or a 'journal' | as in {file: PATH} or "
             "{journal: true}"},
        Case{"AuditNotToTheJournalEither", "audit: {journal: false}\n",
             "config.yaml:1:8: 'audit' needs a 'file' or a 'journal' | as in {file: PATH} or "
             "{journal: true}"},
        Case{"AuditJournalInQuotes", "audit: {journal: \"true\"}\n",
             "config.yaml:1:18: 'true' is neither true nor false | write it without quotes"},
        Case{"AuditRequiredMaybe", "audit: {file: /x, required: yes}\n",
             "config.yaml:1:29: 'yes' is neither true nor false | write it without quotes"},
        Case{"AuditSizeWithoutAFile", "audit: {journal: true, max_size: 1MiB}\n",
             "config.yaml:1:34: 'max_size' is of a file, and 'audit' names none"},
        Case{"AuditSizeInAnotherUnit", "audit: {file: /x, max_size: 64MB}\n",
             "config.yaml:1:29: '64MB' is not a size | as in 64MiB, 500KiB or 1GiB"},
        Case{"AuditSizeNegative", "audit: {file: /x, max_size: -1}\n",
             "config.yaml:1:29: '-1' is not a size | as in 64MiB, 500KiB or 1GiB"},
        Case{"AuditSizeTooSmall", "audit: {file: /x, max_size: 1KiB}\n",
             "config.yaml:1:29: an audit file of less than 4KiB holds hardly a line"},
        Case{"AuditKeepTooMany", "audit: {file: /x, keep: 1001}\n",
             "config.yaml:1:25: '1001' is not a number up to 1000"},
        Case{"AuditKeepAsAWord", "audit: {file: /x, keep: all}\n",
             "config.yaml:1:25: 'all' is not a number up to 1000"},
        Case{"AuditAsText", "audit: /x\n",
             "config.yaml:1:8: 'audit' must be a mapping of keys to values"}),
    kName);

INSTANTIATE_TEST_SUITE_P(
    Sources, ConfigError,
    testing::Values(
        Case{"NoSource", Secret("owner: a"),
             "config.yaml:2:3: secret 'x' has no source | give one of: age, file, note, source"},
        Case{"SecretThatSaysNothing", "secrets:\n  x:\n",
             "config.yaml:2:3: secret 'x' has no source | give one of: age, file, note, source"},
        Case{"TwoDirectSources", Secret("age: /x, file: /y"),
             "config.yaml:2:16: secret 'x' has two sources, 'age' and 'file' | keep one of them"},
        Case{"DirectAndNamedSource", Secret("source: s, key: k, age: /x"),
             "config.yaml:2:26: secret 'x' has two sources, 'source' and 'age' | keep one of them"},
        Case{"UnknownSource",
             "sources: {infra: {sops: /i}, gitops: {tokens: /t}}\n" +
                 Secret("source: infar, key: k"),
             "config.yaml:3:15: unknown source 'infar' | did you mean 'infra'? defined: infra, "
             "gitops"},
        Case{"UnknownSourceOfNone", Secret("source: infra, key: k"),
             "config.yaml:2:15: unknown source 'infra' | defined: none"},
        Case{"SelectorMissing", "sources: {s: {sops: /i}}\n" + Secret("source: s"),
             "config.yaml:3:15: which secret of source 's'? | add `key: ...`"},
        Case{"SelectorOfAnotherKind", "sources: {s: {sops: /i}}\n" + Secret("source: s, ref: r"),
             "config.yaml:3:23: 'ref' does not go with source 's'"},
        Case{"SelectorBesideADirectSource", Secret("age: /x, key: k"),
             "config.yaml:2:21: 'key' does not go with age"},
        Case{"SelectorEmpty", "sources: {s: {sops: /i}}\n" + Secret("source: s, key: ''"),
             "config.yaml:3:23: 'key' is empty"},
        Case{
            "SourceThatHoldsNoSingleSecrets", "sources: {t: {tokens: /t}}\n" + Secret("source: t"),
            "config.yaml:3:15: source 't' has no single secrets | name it as the source of a view"},
        Case{"SourceOfUnknownKind", "sources:\n  s: {sosp: x}\n",
             "config.yaml:2:7: unknown key 'sosp' | did you mean 'sops'? known: sops, vault, "
             "tokens, json"},
        Case{"DirectKindAsSource", "sources:\n  s: {age: x}\n",
             "config.yaml:2:7: unknown key 'age' | known: sops, vault, tokens, json"},
        Case{"SourceOfTwoKinds", "sources:\n  s: {sops: x, tokens: y}\n",
             "config.yaml:2:16: source 's' has more than one kind"},
        Case{"SourceThatSaysNothing", "sources:\n  s:\n",
             "config.yaml:2:3: source 's' says nothing | kinds: sops, vault, tokens, json"},
        Case{"SourceWithoutItsFile", "sources:\n  s: {sops: {}}\n",
             "config.yaml:2:13: 'file' is missing"},
        Case{"SourceWithAnEmptyFile", "sources:\n  s: {sops: }\n",
             "config.yaml:2:13: 'sops' is empty"},
        Case{"ScalarIsNotEnough", "sources:\n  s: {vault: https://v}\n",
             "config.yaml:2:14: 'token_file' is missing"},
        Case{"SourceWithoutAName", "sources:\n  \"\": {sops: x}\n",
             "config.yaml:2:3: a source needs a name"},
        Case{"ViewWithoutAFormat", "views:\n  v: {content: x}\n",
             "config.yaml:2:3: view 'v' has no 'format' | formats: netrc, template, "
             "kubernetes-secret"},
        Case{
            "ViewOfUnknownFormat", "views:\n  v: {format: templat}\n",
            "config.yaml:2:15: unknown format 'templat' | did you mean 'template'? formats: netrc, "
            "template, kubernetes-secret"},
        Case{"ViewWithoutItsSource", "views:\n  v: {format: netrc}\n",
             "config.yaml:2:3: view 'v' has no 'source' | name a source of tokens"},
        Case{"ViewOfUnknownSource", "views:\n  v: {format: netrc, source: s}\n",
             "config.yaml:2:30: unknown source 's' | defined: none"},
        Case{"ViewWithoutItsContent", "views:\n  v: {format: template}\n",
             "config.yaml:2:6: 'content' is missing"},
        Case{"ViewMapAsText", "views:\n  v: {format: kubernetes-secret, name: n, data: x}\n",
             "config.yaml:2:49: 'data' must be a mapping of keys to values"},
        Case{"ViewMapWithAnEmptyName",
             "views:\n  v: {format: kubernetes-secret, name: n, data: {a: }}\n",
             "config.yaml:2:53: 'a' is empty"}),
    kName);

constexpr const char* kModeHint = " | as in \"0400\" or \"0440\"";
constexpr const char* kWaitHint = " | as in 10s, 500ms or 2m";

INSTANTIATE_TEST_SUITE_P(
    Access, ConfigError,
    testing::Values(
        Case{"UnquotedMode", Secret("age: /x, mode: 0400"),
             "config.yaml:2:22: 'mode' must be in quotes | YAML reads 0400 as a decimal number; "
             "write \"0400\""},
        Case{"UnquotedModeWithoutZero", Secret("age: /x, mode: 400"),
             "config.yaml:2:22: 'mode' must be in quotes | YAML reads 400 as a decimal number; "
             "write \"400\""},
        Case{"UnquotedModeOfDefaults", "defaults: {mode: 0400}\n",
             "config.yaml:1:18: 'mode' must be in quotes | YAML reads 0400 as a decimal number; "
             "write \"0400\""},
        Case{"ModeInLetters", Secret("age: /x, mode: u=r"),
             std::string("config.yaml:2:22: 'u=r' is not an octal mode") + kModeHint},
        Case{"ModeInYamlOctal", Secret("age: /x, mode: 0o400"),
             std::string("config.yaml:2:22: '0o400' is not an octal mode") + kModeHint},
        Case{"ModeNotOctal", Secret("age: /x, mode: '0480'"),
             std::string("config.yaml:2:22: '0480' is not an octal mode") + kModeHint},
        Case{"ModeTooShort", Secret("age: /x, mode: '40'"),
             std::string("config.yaml:2:22: '40' is not an octal mode") + kModeHint},
        Case{"ModeTooLong", Secret("age: /x, mode: '00400'"),
             std::string("config.yaml:2:22: '00400' is not an octal mode") + kModeHint},
        Case{"ModeWithSetuid", Secret("age: /x, mode: '4755'"),
             std::string("config.yaml:2:22: '4755' is not an octal mode") + kModeHint},
        Case{"ModeNegative", Secret("age: /x, mode: '-400'"),
             std::string("config.yaml:2:22: '-400' is not an octal mode") + kModeHint},
        Case{"ModeWithSpace", Secret("age: /x, mode: ' 400'"),
             std::string("config.yaml:2:22: ' 400' is not an octal mode") + kModeHint},
        Case{"WaitWithoutUnit", Secret("age: /x, wait: 10"),
             std::string("config.yaml:2:22: '10' is not a time up to an hour") + kWaitHint},
        Case{"WaitOfUnknownUnit", Secret("age: /x, wait: 10d"),
             std::string("config.yaml:2:22: '10d' is not a time up to an hour") + kWaitHint},
        Case{"WaitNegative", Secret("age: /x, wait: -1s"),
             std::string("config.yaml:2:22: '-1s' is not a time up to an hour") + kWaitHint},
        Case{"WaitFraction", Secret("age: /x, wait: 1.5s"),
             std::string("config.yaml:2:22: '1.5s' is not a time up to an hour") + kWaitHint},
        Case{"WaitTooLong", Secret("age: /x, wait: 61m"),
             std::string("config.yaml:2:22: '61m' is not a time up to an hour") + kWaitHint},
        Case{"WaitThatWouldOverflow", Secret("age: /x, wait: 9223372036854775807h"),
             "config.yaml:2:22: '9223372036854775807h' is not a time up to an hour" +
                 std::string(kWaitHint)},
        Case{"WaitBeyondNumbers", Secret("age: /x, wait: 99999999999999999999s"),
             "config.yaml:2:22: '99999999999999999999s' is not a time up to an hour" +
                 std::string(kWaitHint)},
        Case{"WaitUnitOnly", Secret("age: /x, wait: s"),
             std::string("config.yaml:2:22: 's' is not a time up to an hour") + kWaitHint},
        Case{"OwnerWithColon", Secret("age: /x, owner: 'a:b'"),
             "config.yaml:2:23: 'a:b' is not the name of a user or group"},
        Case{"OwnerWithSpace", Secret("age: /x, owner: a b"),
             "config.yaml:2:23: 'a b' is not the name of a user or group"},
        Case{"OwnerWithNewline", Secret("age: /x, owner: \"a\\nb\""),
             "config.yaml:2:23: 'a\\x0ab' is not the name of a user or group"},
        Case{"GroupWithNul", Secret("age: /x, group: \"a\\0b\""),
             "config.yaml:2:23: 'a\\x00b' is not the name of a user or group"},
        Case{"OwnerThatMeansNobody", Secret("age: /x, owner: 4294967295"),
             "config.yaml:2:23: '4294967295' is not a valid id"},
        Case{"OwnerTooLarge", Secret("age: /x, owner: 4294967296"),
             "config.yaml:2:23: '4294967296' is not a valid id"}),
    kName);

constexpr const char* kNameHint = " | a name is a path below the mount point";

INSTANTIATE_TEST_SUITE_P(
    Names, ConfigError,
    testing::Values(
        Case{"NameThatClimbs", Named("a/../../etc/passwd"),
             std::string("config.yaml:2:3: name 'a/../../etc/passwd' has a component ..") +
                 kNameHint},
        Case{"AbsoluteName", Named("/etc/passwd"),
             std::string("config.yaml:2:3: name '/etc/passwd' has an empty component") + kNameHint},
        Case{"NameWithADoubleSlash", Named("a//b"),
             std::string("config.yaml:2:3: name 'a//b' has an empty component") + kNameHint},
        Case{"NameThatEndsInASlash", Named("a/"),
             std::string("config.yaml:2:3: name 'a/' ends in /") + kNameHint},
        Case{"EmptyName", Named("''"),
             std::string("config.yaml:2:3: name '' is empty") + kNameHint},
        Case{"HiddenName", Named(".secretfs"),
             std::string("config.yaml:2:3: name '.secretfs' begins with a dot, which is reserved "
                         "at the top level") +
                 kNameHint},
        Case{"NameBelowMachines", Named("machines/vm/x"),
             std::string("config.yaml:2:3: name 'machines/vm/x' begins with 'machines', which is "
                         "reserved") +
                 kNameHint},
        Case{"NameWithNul", Named("\"a\\0b\""),
             std::string("config.yaml:2:3: name 'a\\x00b' has a NUL byte") + kNameHint},
        Case{"ComponentTooLong", Named("a/" + std::string(256, 'x')),
             "config.yaml:2:3: name 'a/" + std::string(78, 'x') +
                 "...' has a component of more than 255 bytes" + kNameHint},
        Case{"NameTooLong", "secrets:\n  ? " + std::string(4096, 'x') + "\n  : {age: /x}\n",
             "config.yaml:2:5: name '" + std::string(80, 'x') +
                 "...' is longer than a path may be" + kNameHint},
        Case{"ViewsHaveTheSameRules", "views:\n  ../v: {format: template, content: x}\n",
             std::string("config.yaml:2:3: name '../v' has a component ..") + kNameHint},
        Case{"FileAndDirectory", "secrets:\n  a: {age: /x}\n  a/b: {age: /x}\n",
             "config.yaml:3:3: 'a/b' makes 'a' a directory, but it is a file | the file is "
             "declared at config.yaml:2:3"},
        Case{"DirectoryAndFile",
             "secrets:\n  a/b/c: {age: /x}\n  a-: {age: /x}\n  a/b: {age: /x}\n",
             "config.yaml:2:3: 'a/b/c' makes 'a/b' a directory, but it is a file | the file is "
             "declared at config.yaml:4:3"},
        Case{"SecretAndViewOfOneName",
             "secrets:\n  a: {age: /x}\nviews:\n  a: {format: template, content: x}\n",
             "config.yaml:4:3: secret or view 'a' is declared twice | first at config.yaml:2:3"},
        Case{"ViewBelowASecret",
             "secrets:\n  a: {age: /x}\nviews:\n  a/v: {format: template, content: x}\n",
             "config.yaml:4:3: 'a/v' makes 'a' a directory, but it is a file | the file is "
             "declared at config.yaml:2:3"}),
    kName);

/// Names too long to fit into a std::string itself: with the address sanitizer this finds a loader
/// that returns from the middle of an initializer.
TEST(ConfigErrors, LeakNothing) {
  const std::string name(100, 'x');
  EXPECT_NE(Complaint("secrets:\n  " + name + ": {age: /x, owner: a b}\n"), "loaded");
  EXPECT_NE(Complaint("secrets:\n  " + name + ": {source: " + name + "}\n"), "loaded");
  EXPECT_NE(Complaint("sources:\n  " + name + ": {sops: }\n"), "loaded");
  EXPECT_NE(Complaint("views:\n  " + name + ": {format: []}\n"), "loaded");
  EXPECT_NE(Complaint("views:\n  " + name + ": {format: template, content: a, owner: a b}\n"),
            "loaded");
  EXPECT_NE(Complaint("identities: [/" + name + ", 'credential:']\n"), "loaded");
}

// --- Across files -----------------------------------------------------------------------------

std::string TwoFiles(std::string_view first, std::string_view second) {
  return Complaint(Load({{"config.yaml", "/", first}, {"config.d/more.yaml", "/", second}}));
}

TEST(ConfigFiles, EverythingIsDeclaredOnce) {
  EXPECT_EQ(TwoFiles("secrets: {x: {age: /x}}", "secrets: {x: {age: /x}}"),
            "config.d/more.yaml:1:11: secret or view 'x' is declared twice | first at "
            "config.yaml:1:11");
  EXPECT_EQ(TwoFiles("sources: {s: {sops: /x}}", "sources: {s: {sops: /x}}"),
            "config.d/more.yaml:1:11: source 's' is declared twice | first at config.yaml:1:11");
  EXPECT_EQ(TwoFiles("defaults: {owner: a}", "defaults: {group: a}"),
            "config.d/more.yaml:1:11: 'defaults' are set twice | first at config.yaml:1:11");
  EXPECT_EQ(TwoFiles("audit: {file: /a}", "audit: {file: /a}"),
            "config.d/more.yaml:1:8: 'audit' is set twice");
  EXPECT_EQ(TwoFiles("credentials: {socket: /a}", "credentials: {scopes: [b]}"),
            "config.d/more.yaml:1:14: 'credentials' are set twice");
}

TEST(ConfigFiles, FileAndDirectoryMayNotComeFromTwoFilesEither) {
  EXPECT_EQ(TwoFiles("secrets: {a/b: {age: /x}}", "secrets: {a: {age: /x}}"),
            "config.yaml:1:11: 'a/b' makes 'a' a directory, but it is a file | the file is "
            "declared at config.d/more.yaml:1:11");
}

TEST(ConfigFiles, AComplaintNamesItsFile) {
  EXPECT_EQ(TwoFiles("", "oops: 1").substr(0, 24), "config.d/more.yaml:1:1: ");
  EXPECT_EQ(TwoFiles("oops: 1", "").substr(0, 17), "config.yaml:1:1: ");
}

// --- What is not YAML, or too much of it -------------------------------------------------------

TEST(ConfigSyntax, PointsAtTheMistakeAndDoesNotQuoteIt) {
  const auto complaint = [](std::string_view text) {
    const std::string words = Complaint(text);
    EXPECT_THAT(words, testing::Not(HasSubstr("hunter2"))) << "the text is quoted";
    return words;
  };
  EXPECT_THAT(complaint("secrets: [hunter2\n"), StartsWith("config.yaml:2:1: "));
  EXPECT_THAT(complaint("secrets:\n\thunter2: {age: /x}\n"), StartsWith("config.yaml:2:1: "));
  EXPECT_THAT(complaint("a: b: hunter2\n"), StartsWith("config.yaml:1:5: "));
  EXPECT_THAT(complaint("secrets: \"hunter2"), StartsWith("config.yaml:1:"));
  EXPECT_THAT(complaint("secrets: *hunter2\n"),
              testing::Eq("config.yaml:1:10: alias of an anchor that is not defined"));
  EXPECT_THAT(complaint("a: @hunter2\n"), StartsWith("config.yaml:1:4: "));
  EXPECT_THAT(complaint("{\"a\": hunter2"), StartsWith("config.yaml:"));
  EXPECT_THAT(complaint("a: \"\\qhunter2\"\n"), StartsWith("config.yaml:1:5: "));
}

TEST(ConfigSyntax, OneDocumentOnly) {
  EXPECT_EQ(Complaint("secrets: {}\n---\nviews: {}\n"), "config.yaml:2:1: more than one document");
}

TEST(ConfigSyntax, TextIsUtf8) {
  for (const std::string_view text :
       {std::string_view("secrets: {\"\xff\": {age: /x}}"), std::string_view("a: \xc0\xaf"),
        std::string_view("a: \xed\xa0\x80"), std::string_view("a: \0b", 5),
        std::string_view("\xff\xfe"
                         "a\0:\0",
                         6)}) {
    const auto loaded = Load(text);
    ASSERT_FALSE(loaded) << testing::PrintToString(text);
    EXPECT_EQ(loaded.error().hint, "the file must be UTF-8 text");
    EXPECT_THAT(loaded.error().Text(), testing::MatchesRegex("config.yaml: .*\\(byte [0-9]+\\)"));
  }
}

TEST(ConfigSyntax, AnEscapeCannotMakeWhatIsNotUtf8) {
  const auto loaded = Load("secrets: {\"\\xff\": {age: /x}}");
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->secrets[0].name, "\xc3\xbf");
}

}  // namespace
}  // namespace secretfs
