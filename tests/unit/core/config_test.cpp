// What the loader accepts, and what it makes of it. Its complaints: config_error_test.cpp.
#include "core/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/core/config_fixture.h"

namespace secretfs {
namespace {

using std::chrono::milliseconds;
using test::Complaint;
using test::Load;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

Config Good(std::string_view text) {
  auto loaded = Load(text);
  EXPECT_EQ(Complaint(loaded), "loaded") << text;
  return loaded ? std::move(*loaded) : Config{};
}
/// The access of one secret `x` that is declared with these keys.
Access AccessWith(const std::string& keys) {
  const Config config = Good("secrets:\n  x: {age: x.age, " + keys + "}\n");
  return config.secrets.empty() ? Access{} : config.secrets[0].access;
}
std::vector<std::string> SecretNames(const Config& config) {
  std::vector<std::string> names;
  for (const SecretConfig& secret : config.secrets) names.push_back(secret.name);
  return names;
}

constexpr std::string_view kWhole = R"(# a comment
identities:
  - /etc/ssh/ssh_host_ed25519_key
  - identity.txt
  - credential:identity
  - {file: locked.txt, passphrase: credential:pass}
plugins: {dir: /usr/libexec/age-plugins, timeout: 5s, secrets: {yubikey: pin.txt}}
defaults: {owner: alice, group: staff, mode: "0440", wait: 2s}
audit: {file: audit.jsonl}
sources:
  infra: {sops: infra.yaml}
  work:
    vault: {address: "https://vault.example", token_file: /etc/token}
  gitops: {tokens: {file: tokens.json}}
secrets:
  headscale/private.key: {age: headscale.age, owner: headscale, group: 77}
  db/password: {source: infra, key: db/password, mode: "0400"}
  api: {source: work, ref: "op://Some Place/x", readers: ["group:monitoring", "user:7"], wait: 500ms}
  text: {note: just words}
views:
  netrc: {format: netrc, source: gitops, owner: root}
  env: {format: template, content: "A={{ api }}\n", include: more.env}
  k8s.yaml: {format: kubernetes-secret, name: keys, data: {private.key: headscale/private.key, b: api}}
)";

TEST(Config, ReadsIdentitiesInOrder) {
  const Config config = Good(kWhole);
  ASSERT_EQ(config.identities.size(), 4U);
  EXPECT_EQ(config.identities[0].file.path, "/etc/ssh/ssh_host_ed25519_key");
  EXPECT_EQ(config.identities[1].file.path, "/etc/secretfs/identity.txt");
  EXPECT_EQ(config.identities[2].file.path, "");
  EXPECT_EQ(config.identities[2].file.credential, "identity");
  EXPECT_EQ(config.identities[1].file.place.Text(), "config.yaml:4:5");
  EXPECT_FALSE(config.identities[2].passphrase);
  EXPECT_EQ(config.identities[3].file.path, "/etc/secretfs/locked.txt");
  ASSERT_TRUE(config.identities[3].passphrase);
  EXPECT_EQ(config.identities[3].passphrase->credential, "pass");
}

TEST(Config, ReadsPlugins) {
  const Config config = Good(kWhole);
  ASSERT_TRUE(config.plugins);
  EXPECT_EQ(config.plugins->folder, "/usr/libexec/age-plugins");
  EXPECT_EQ(config.plugins->timeout, std::chrono::seconds(5));
  ASSERT_EQ(config.plugins->secrets.size(), 1U);
  EXPECT_EQ(config.plugins->secrets.at("yubikey").path, "/etc/secretfs/pin.txt");
}

TEST(Config, HasNoPluginsUnlessItNamesThem) {
  EXPECT_FALSE(Good("identities: []\n").plugins);
  EXPECT_EQ(Good("plugins: {dir: /p}\n").plugins->timeout, std::chrono::seconds(30));
}

TEST(Config, ReadsSources) {
  const Config config = Good(kWhole);
  ASSERT_EQ(config.sources.size(), 3U);
  EXPECT_EQ(config.sources[0].name, "infra");
  EXPECT_EQ(config.sources[0].kind, "sops");
  EXPECT_EQ(config.sources[0].parameters.Get("file"), "/etc/secretfs/infra.yaml");
  EXPECT_EQ(config.sources[1].parameters.Get("address"), "https://vault.example");
  EXPECT_EQ(config.sources[1].parameters.Get("token_file"), "/etc/token");
  EXPECT_EQ(config.sources[1].parameters.Get("space"), "");
  EXPECT_EQ(config.sources[2].parameters.Get("file"), "/etc/secretfs/tokens.json");
  EXPECT_EQ(config.sources[1].place.Text(), "config.yaml:12:3");
}

TEST(Config, ReadsSecrets) {
  const Config config = Good(kWhole);
  ASSERT_EQ(config.secrets.size(), 4U);
  const SecretConfig& direct = config.secrets[0];
  EXPECT_EQ(direct.name, "headscale/private.key");
  EXPECT_EQ(direct.kind, "age");
  EXPECT_EQ(direct.source, "");
  EXPECT_EQ(direct.ref, "/etc/secretfs/headscale.age");
  EXPECT_EQ(direct.access.owner, (Principal{"headscale", std::nullopt}));
  EXPECT_EQ(direct.access.group, Principal::Number(77));
  EXPECT_EQ(direct.place.Text(), "config.yaml:16:3");
  const SecretConfig& sourced = config.secrets[1];
  EXPECT_EQ(sourced.kind, "");
  EXPECT_EQ(sourced.source, "infra");
  EXPECT_EQ(sourced.ref, "db/password") << "a selector is not a path";
  EXPECT_EQ(sourced.access.mode, 0400U);
  const SecretConfig& api = config.secrets[2];
  EXPECT_EQ(api.ref, "op://Some Place/x");
  EXPECT_EQ(api.access.wait, milliseconds(500));
  ASSERT_EQ(api.access.readers.size(), 2U);
  EXPECT_EQ(api.access.readers[0].text, "group:monitoring");
  EXPECT_EQ(api.access.readers[0].kind, CallerRule::Kind::kGroup);
  EXPECT_EQ(api.access.readers[0].who, (Principal{"monitoring", std::nullopt}));
  EXPECT_EQ(api.access.readers[1].kind, CallerRule::Kind::kUser);
  EXPECT_EQ(api.access.readers[1].who, Principal::Number(7));
  EXPECT_EQ(config.secrets[3].ref, "just words") << "text is not made a path";
}

TEST(Config, ReadsViews) {
  const Config config = Good(kWhole);
  ASSERT_EQ(config.views.size(), 3U);
  EXPECT_EQ(config.views[0].format, "netrc");
  EXPECT_EQ(config.views[0].source, "gitops");
  EXPECT_EQ(config.views[1].source, "");
  EXPECT_EQ(config.views[1].parameters.Get("content"), "A={{ api }}\n");
  EXPECT_EQ(config.views[1].parameters.Get("include"), "/etc/secretfs/more.env");
  EXPECT_THAT(config.views[2].parameters.maps.at("data"),
              ElementsAre(Pair("b", "api"), Pair("private.key", "headscale/private.key")));
  EXPECT_EQ(config.views[2].place.Text(), "config.yaml:23:3");
  EXPECT_EQ(config.audit.file, "/etc/secretfs/audit.jsonl");
}

TEST(Config, TakesTheSocketAndTheScopesOfCredentials) {
  const auto config = Good("credentials: {socket: run/c.sock, scopes: [db, web/prod]}");
  EXPECT_EQ(config.credentials,
            (CredentialsConfig{"/etc/secretfs/run/c.sock", {"db", "web/prod"}}));
  EXPECT_EQ(Good("credentials: {}").credentials, CredentialsConfig{});
}

TEST(Config, DefaultsHoldWhereNothingIsSaid) {
  const Config config = Good(kWhole);
  const Access& text = config.secrets[3].access;
  EXPECT_EQ(text.owner.text, "alice");
  EXPECT_EQ(text.group.text, "staff");
  EXPECT_EQ(text.mode, 0440U);
  EXPECT_EQ(text.wait, milliseconds(2000));
  EXPECT_THAT(text.readers, IsEmpty());
  EXPECT_EQ(config.views[0].access.owner.text, "root");
  EXPECT_EQ(config.views[0].access.group.text, "staff");
}

TEST(Config, WithoutDefaultsSecretsAreTheCallersAndOwnerOnly) {
  const std::vector<ConfigText> texts{{"c", "/", "secrets: {x: {age: /x}}"}};
  const auto config = LoadConfig(texts, test::SomeVocabulary(),
                                 {.owner = Principal::Number(5), .group = Principal::Number(6)});
  ASSERT_TRUE(config);
  const Access& access = config->secrets[0].access;
  EXPECT_EQ(access.owner, Principal::Number(5));
  EXPECT_EQ(access.group, Principal::Number(6));
  EXPECT_EQ(access.mode, 0400U);
  EXPECT_EQ(access.wait, milliseconds(10'000));
}

TEST(Config, DefaultsOfOneFileCountForEarlierFilesToo) {
  const auto config = Load({{"a.yaml", "/a", "secrets: {x: {age: x.age}}"},
                            {"b.yaml", "/b", "defaults: {mode: \"0444\"}"}});
  ASSERT_EQ(Complaint(config), "loaded");
  EXPECT_EQ(config->secrets[0].access.mode, 0444U);
}

TEST(Config, SourcesOfOneFileCountForEarlierFilesToo) {
  const auto config = Load({{"a.yaml", "/a", "secrets: {x: {source: s, key: k}}"},
                            {"b.yaml", "/b", "sources: {s: {sops: s.yaml}}"}});
  ASSERT_EQ(Complaint(config), "loaded");
  EXPECT_EQ(config->sources[0].parameters.Get("file"), "/b/s.yaml");
}

TEST(Config, RelativePathsStartAtTheFileThatNamesThem) {
  const auto config = Load({{"a.yaml", "/one", "secrets: {x: {age: ../x.age}}"},
                            {"b.yaml", "/two", "secrets: {y: {age: y.age}, z: {age: /z.age}}"}});
  ASSERT_EQ(Complaint(config), "loaded");
  EXPECT_EQ(config->secrets[0].ref, "/one/../x.age");
  EXPECT_EQ(config->secrets[1].ref, "/two/y.age");
  EXPECT_EQ(config->secrets[2].ref, "/z.age");
  EXPECT_EQ(config->secrets[2].place.file, "b.yaml");
}

TEST(Config, MergesFilesInTheirOrder) {
  const auto config =
      Load({{"a.yaml", "/", "identities: [/1]\nsecrets: {x: {age: /x}}"},
            {"b.yaml", "/", "identities: [/2]\nsecrets: {a: {age: /a}}\naudit: {file: /log}"}});
  ASSERT_EQ(Complaint(config), "loaded");
  EXPECT_EQ(config->identities[0].file.path, "/1");
  EXPECT_EQ(config->identities[1].file.path, "/2");
  EXPECT_THAT(SecretNames(*config), ElementsAre("x", "a"));
  EXPECT_EQ(config->audit.file, "/log");
}

TEST(Config, TheAuditIsRotatedAndMayGoToTheJournal) {
  const AuditConfig plain = Good("audit: {file: /log}").audit;
  EXPECT_EQ(plain, (AuditConfig{.file = "/log", .most_bytes = 64U << 20U, .keep = 5}));
  const AuditConfig full =
      Good("audit: {file: a, max_size: 500KiB, keep: 0, journal: true, required: true}").audit;
  EXPECT_EQ(full, (AuditConfig{.file = "/etc/secretfs/a",
                               .journal = true,
                               .required = true,
                               .most_bytes = 500U << 10U,
                               .keep = 0}));
  EXPECT_EQ(Good("audit: {file: /a, max_size: 4GiB, keep: 1000}").audit.most_bytes,
            uint64_t{4} << 30U);
  EXPECT_EQ(Good("audit: {file: /a, max_size: 5000}").audit.most_bytes, 5000U);
  EXPECT_TRUE(Good("audit: {journal: true}").audit.file.empty());
}

TEST(Config, OfNothingIsEmpty) {
  for (const char* text :
       {"", "\n\n", "# only words\n", "---\n", "---\n...\n", "{}", "null", "~", "secrets:\n",
        "secrets: {}\nviews:\nsources: ~\ndefaults:\n", "secrets: null\n"}) {
    const Config config = Good(text);
    EXPECT_THAT(config.secrets, IsEmpty()) << text;
  }
  EXPECT_TRUE(Load(std::vector<ConfigText>{}));
}

TEST(Config, ModeIsQuotedOctal) {
  EXPECT_EQ(AccessWith("mode: '0400'").mode, 0400U);
  EXPECT_EQ(AccessWith("mode: \"440\"").mode, 0440U);
  EXPECT_EQ(AccessWith("mode: \"0777\"").mode, 0777U);
  EXPECT_EQ(AccessWith("mode: \"000\"").mode, 0U);
}

TEST(Config, WaitIsATimeUpToAnHour) {
  EXPECT_EQ(AccessWith("wait: 10s").wait, milliseconds(10'000));
  EXPECT_EQ(AccessWith("wait: \"500ms\"").wait, milliseconds(500));
  EXPECT_EQ(AccessWith("wait: 2m").wait, milliseconds(120'000));
  EXPECT_EQ(AccessWith("wait: 1h").wait, milliseconds(3'600'000));
  EXPECT_EQ(AccessWith("wait: 60m").wait, milliseconds(3'600'000));
  EXPECT_EQ(AccessWith("wait: 3600000ms").wait, milliseconds(3'600'000));
  EXPECT_EQ(AccessWith("wait: 0").wait, milliseconds(0));
  EXPECT_EQ(AccessWith("wait: 0s").wait, milliseconds(0));
}

TEST(Config, OwnersAreNamesOrNumbers) {
  EXPECT_EQ(AccessWith("owner: 0").owner, Principal::Number(0));
  EXPECT_EQ(AccessWith("owner: \"1000\"").owner.number, 1000U);
  EXPECT_EQ(AccessWith("group: 4294967294").group.number, 4294967294U);
  EXPECT_EQ(AccessWith("owner: 7zip").owner, (Principal{"7zip", std::nullopt}));
  EXPECT_EQ(AccessWith("owner: null-user").owner.text, "null-user");
  EXPECT_EQ(AccessWith("owner: \"null\"").owner.text, "null") << "quoted, it is a name";
  EXPECT_EQ(AccessWith("owner: true").owner.text, "true") << "no 1.1 typing";
  EXPECT_EQ(AccessWith("owner: no").owner.text, "no") << "no 1.1 typing";
}

TEST(Config, ReadersMayBeAnEmptyList) { EXPECT_THAT(AccessWith("readers: []").readers, IsEmpty()); }

TEST(Config, TheSameReaderMayStandTwice) {
  EXPECT_EQ(AccessWith("readers: [user:a, user:a]").readers.size(), 2U);
}

TEST(Config, NamesMayHoldWhatAPathMay) {
  const Config config = Good(
      "secrets:\n"
      "  with space: {age: /x}\n"
      "  \"new\\nline\": {age: /x}\n"
      "  Größe/日本: {age: /x}\n"
      "  \"\\e[31m\": {age: /x}\n"
      "  a/.b/..c: {age: /x}\n"
      "  machinesX: {age: /x}\n"
      "  a-b: {age: /x}\n"
      "  a.b: {age: /x}\n"
      "  \"null\": {age: /x}\n");
  EXPECT_THAT(SecretNames(config), ElementsAre("with space", "new\nline", "Größe/日本", "\x1b[31m",
                                               "a/.b/..c", "machinesX", "a-b", "a.b", "null"));
}

TEST(Config, ANameNextToADirectoryIsNoConflict) {
  EXPECT_EQ(SecretNames(Good("secrets: {a-: {age: /x}, a/b: {age: /x}, a0: {age: /x}, "
                             "ab: {age: /x}, a/bc: {age: /x}, a/b.d: {age: /x}}"))
                .size(),
            6U);
}

TEST(Config, JsonIsYaml) {
  const Config config = Good(
      R"({"identities":["\/etc\/key"],"defaults":{"mode":"0440"},"secrets":{"db\/pass\u0077ord":{"age":"x.age","readers":["user:a"]}},"views":null})");
  EXPECT_EQ(config.identities[0].file.path, "/etc/key");
  EXPECT_THAT(SecretNames(config), ElementsAre("db/password"));
  EXPECT_EQ(config.secrets[0].access.mode, 0440U);
}

TEST(Config, JsonMayBeIndentedWithTabs) {
  const Config config = Good(
      "{\n\t\"secrets\": {\n\t\t\"a\": {\n\t\t\t\"age\": \"x.age\",\n\t\t\t\"mode\": \"0440\"\n"
      "\t\t}\n\t}\n}\n");
  EXPECT_EQ(config.secrets[0].access.mode, 0440U);
}

TEST(Config, AliasesStandForWhatTheyName) {
  const Config config = Good(
      "secrets:\n  a: &shared {age: x.age, owner: alice}\n  b: *shared\n"
      "  c: {age: &path /c.age}\n  d: {file: *path}\n");
  EXPECT_EQ(config.secrets[1].access.owner.text, "alice");
  EXPECT_EQ(config.secrets[1].name, "b");
  EXPECT_EQ(config.secrets[3].ref, "/c.age");
}

TEST(Config, WindowsLineEndsAreLineEnds) {
  const Config config = Good("secrets:\r\n  a: {age: /x}\r\n  b:\r\n    age: /y\r\n");
  EXPECT_THAT(SecretNames(config), ElementsAre("a", "b"));
  EXPECT_EQ(config.secrets[1].ref, "/y");
  EXPECT_EQ(config.secrets[1].place.Text(), "config.yaml:3:3");
}

TEST(Config, AByteOrderMarkIsNotText) {
  const Config config = Good("\xef\xbb\xbfsecrets:\n  a: {age: /x}\nviews: {}\n");
  EXPECT_THAT(SecretNames(config), ElementsAre("a"));
  EXPECT_EQ(Complaint("\xef\xbb\xbfsecret: {}\n"), Complaint("secret: {}\n"))
      << "the mark must not move columns";
}

TEST(Config, YamlDirectivesAreAllowed) {
  EXPECT_THAT(SecretNames(Good("%YAML 1.2\n---\nsecrets: {a: {age: /x}}\n")), ElementsAre("a"));
}

TEST(Config, BlockTextKeepsItsLines) {
  const Config config =
      Good("views:\n  env:\n    format: template\n    content: |\n      A=1\n      B=2\n");
  EXPECT_EQ(config.views[0].parameters.Get("content"), "A=1\nB=2\n");
}

TEST(Config, TenThousandSecretsLoad) {
  std::string text = "sources:\n";
  for (int i = 0; i < 1000; ++i) text += "  s" + std::to_string(i) + ": {sops: /s}\n";
  text += "secrets:\n";
  for (int i = 0; i < 10'000; ++i) {
    text += "  host" + std::to_string(i % 100) + "/n" + std::to_string(i) + ": {source: s" +
            std::to_string(i % 1000) + ", key: k}\n";
  }
  EXPECT_EQ(Good(text).secrets.size(), 10'000U);
}

}  // namespace
}  // namespace secretfs
