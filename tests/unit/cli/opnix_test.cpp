#include "cli/opnix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace secretfs {
namespace {

using testing::ElementsAre;

/// All that the schema has, as OpNix's module for NixOS writes it.
constexpr std::string_view kWhole = R"({
  "secrets": [
    {"path": "databasePassword", "reference": "op://Homelab/Database/password", "kind": "field",
     "owner": "postgres", "group": "postgres", "mode": "0400", "symlinks": ["/etc/db/password"],
     "variables": {}, "services": ["postgresql", "app@one.service"]},
    {"path": "/etc/ssl/{service}/app.pem", "reference": "op://Homelab/TLS/app%20chain.pem",
     "kind": "file", "owner": "caddy", "variables": {"service": "caddy"},
     "services": {"caddy": {"restart": true, "signal": "SIGHUP", "after": ["opnix-secrets.service"]},
                  "web": {"restart": false, "signal": null, "after": []},
                  "proxy": {}}},
    {"reference": "op://Homelab/Token/credential", "variables": {"name": "token"}}
  ],
  "pathTemplate": "{environment}/{name}",
  "defaults": {"environment": "prod", "service": "none"},
  "systemdIntegration": {"enable": true, "services": [], "restartOnChange": true,
    "changeDetection": {"enable": true, "hashFile": "/var/lib/opnix/secret-hashes.json"},
    "polling": {"enable": false, "interval": "6h"},
    "errorHandling": {"rollbackOnFailure": false, "continueOnError": true, "maxRetries": 3}}
})";

constexpr std::string_view kConfig = R"(# From OpNix's secrets.json, by `secretfs import opnix`.
sources:
  "work":
    onepassword: {token_file: "/etc/opnix-token"}
secrets:
  "databasePassword":
    source: "work"
    ref: "op://Homelab/Database/password"
    owner: "postgres"
    group: "postgres"
    mode: "0400"
    links: ["/var/lib/opnix/secrets/databasePassword", "/etc/db/password"]
    on_change: {restart: ["postgresql.service", "app@one.service"]}
  "etc/ssl/caddy/app.pem":
    source: "work"
    ref: "op://Homelab/TLS/app%20chain.pem"
    owner: "caddy"
    mode: "0600"
    links: ["/etc/ssl/caddy/app.pem"]
    on_change: {restart: ["proxy.service"], reload: ["web.service"], signal: {"caddy.service": "SIGHUP"}}
  "prod/token":
    source: "work"
    ref: "op://Homelab/Token/credential"
    mode: "0600"
    links: ["/var/lib/opnix/secrets/prod/token"]
)";

OpnixSecrets Read(std::string_view json) {
  auto read = ReadOpnix({"secrets.json", "/", json}, {"work", kOpnixFolder, "/run/secrets"});
  EXPECT_TRUE(read) << (read ? "" : read.error().Text());
  return *std::move(read);
}

std::string Print(const OpnixSecrets& read) {
  return OpnixConfig(read, {"secrets.json", "work", kOpnixToken});
}

Result<Config> Load(std::string_view text) {
  Vocabulary words;
  words.providers = {{.kind = "onepassword",
                      .as_source = true,
                      .parameters = {{.key = "token_file", .form = ParameterForm::kPath}},
                      .selector = "ref"}};
  return LoadConfig(std::vector<ConfigText>{{"config.yaml", "/etc/secretfs", text}}, words,
                    {.mount_point = "/run/secrets"});
}

TEST(OpnixConfig, OfTheWholeSchemaIsWordForWordAsShown) {
  const OpnixSecrets read = Read(kWhole);
  EXPECT_THAT(read.warnings, ElementsAre());
  EXPECT_EQ(Print(read), kConfig);
}

TEST(OpnixConfig, IsValidAndMeansTheSame) {
  const auto config = Load(Print(Read(kWhole)));
  ASSERT_TRUE(config) << config.error().Text();
  ASSERT_EQ(config->secrets.size(), 3U);
  const SecretConfig& tls = config->secrets[1];
  EXPECT_EQ(tls.name, "etc/ssl/caddy/app.pem");
  EXPECT_EQ(tls.source, "work");
  EXPECT_EQ(tls.ref, "op://Homelab/TLS/app%20chain.pem");
  EXPECT_EQ(tls.access.owner.text, "caddy");
  EXPECT_EQ(tls.access.mode, 0600U);
  EXPECT_EQ(tls.consumers.on_change.size(), 3U);
}

TEST(OpnixConfig, KeepsOddNamesAsTheyAre) {
  const std::string text =
      Print(Read(R"({"secrets": [{"path": "a \"b\": #c", "reference": "op://v/i/\\x"}]})"));
  const auto config = Load(text);
  ASSERT_TRUE(config) << config.error().Text() << "\n" << text;
  EXPECT_EQ(config->secrets.at(0).name, "a \"b\": #c");
  EXPECT_EQ(config->secrets.at(0).ref, "op://v/i/\\x");
}

TEST(OpnixConfig, OfNoSecretsIsValid) {
  const auto config = Load(Print(Read(R"({"secrets": []})")));
  ASSERT_TRUE(config) << config.error().Text();
  EXPECT_TRUE(config->secrets.empty());
}

}  // namespace
}  // namespace secretfs
