#include "core/opnix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace secretfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Result<OpnixSecrets> Read(std::string_view json, const OpnixTerms& terms = {"op"}) {
  return ReadOpnix({"secrets.json", "/", json}, terms);
}

std::string Complaint(std::string_view json) {
  const auto read = Read(json);
  return read ? "read" : read.error().Text();
}

/// A manifest of one secret, which has `rest` besides its reference.
std::string One(const std::string& rest, const std::string& top = "") {
  return R"({"secrets": [{"reference": "op://v/i/f", )" + rest + "}]" + top + "}";
}

std::string Text(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kScalar) return node.text;
  std::string text;
  for (const YamlNode& item : node.items) text += (text.empty() ? "" : " ") + Text(item);
  return "(" + text + ")";
}

/// The one secret as "(NAME (KEY VALUE...))".
std::string Declared(const std::string& json, const OpnixTerms& terms = {"op"}) {
  const auto read = Read(json, terms);
  return read ? Text(read->secrets) : read.error().Text();
}

std::vector<std::string> Warnings(const std::string& json) {
  const auto read = Read(json);
  return read ? read->warnings : std::vector{read.error().Text()};
}

TEST(Opnix, CallsASecretByItsPathBelowTheOutputFolder) {
  constexpr const char* kSame =
      "(a/b (source op ref op://v/i/f mode 0600 links (/var/lib/opnix/secrets/a/b)))";
  EXPECT_EQ(Declared(One(R"("path": "a/b")")), kSame);
  EXPECT_EQ(Declared(One(R"("path": "./a//b")")), kSame);
  EXPECT_EQ(Declared(One(R"("path": "/var/lib/opnix/secrets/a/b")")), kSame);
  EXPECT_EQ(Declared(One(R"("path": "a/b")"), {"op", "/srv/me/", ""}),
            "(a/b (source op ref op://v/i/f mode 0600 links (/srv/me/a/b)))");
}

TEST(Opnix, CallsASecretElsewhereByItsWholePath) {
  EXPECT_EQ(Declared(One(R"("path": "/etc/a.pem", "symlinks": ["/b", "/c"])")),
            "(etc/a.pem (source op ref op://v/i/f mode 0600 links (/etc/a.pem /b /c)))");
  EXPECT_THAT(Declared(One(R"("path": "/var/lib/opnix/secretsand")")),
              HasSubstr("(var/lib/opnix/secretsand ("));
}

TEST(Opnix, WhatIsInTheMountNeedsNoLink) {
  const OpnixTerms terms{"op", "/run/secrets/opnix", "/run/secrets"};
  EXPECT_EQ(Declared(One(R"("path": "a")"), terms),
            "(opnix/a (source op ref op://v/i/f mode 0600))");
}

TEST(Opnix, VariablesOfASecretCountBeforeDefaults) {
  EXPECT_THAT(Declared(One(R"("variables": {"x": "own"})",
                           R"(, "pathTemplate": "{x}-{y}", "defaults": {"x": "d", "y": "e"})")),
              HasSubstr("(own-e ("));
  EXPECT_THAT(
      Declared(One(R"("path": "{x}/b{", "variables": {"x": "a"})", R"(, "pathTemplate": "never")")),
      HasSubstr("(a/b{ ("));
}

TEST(Opnix, NullAndEmptyTextsAreNothing) {
  EXPECT_EQ(Declared(One(R"("path": "a", "owner": "", "group": null, "mode": "", "kind": null,
                            "symlinks": null, "variables": null, "services": [])",
                         R"(, "pathTemplate": null, "defaults": null)")),
            "(a (source op ref op://v/i/f mode 0600 links (/var/lib/opnix/secrets/a)))");
}

TEST(Opnix, UnitsAreReloadedUnlessTheyAreToBeRestarted) {
  const auto actions = [](const std::string& services, const std::string& restart) {
    return Declared(One(R"("path": "/a", "services": )" + services,
                        R"(, "systemdIntegration": {"enable": true)" + restart + "}"));
  };
  EXPECT_THAT(actions(R"(["x", "y.timer"])", ""),
              HasSubstr("on_change (reload (x.service y.timer))"));
  EXPECT_THAT(actions(R"(["x"])", R"(, "restartOnChange": true)"),
              HasSubstr("on_change (restart (x.service))"));
  EXPECT_THAT(actions(R"({"x": {"restart": true}, "y": null})", ""),
              HasSubstr("on_change (restart (x.service) reload (y.service))"));
  EXPECT_THAT(actions(R"({"x": {"restart": true, "signal": "HUP"}})", ""),
              HasSubstr("on_change (signal (x.service HUP))"));
}

TEST(Opnix, UnitsAreLeftAloneWithoutTheIntegration) {
  const std::string json = One(R"("path": "a", "services": ["x"])");
  EXPECT_THAT(Declared(json), Not(HasSubstr("on_change")));
  EXPECT_THAT(Warnings(json),
              ElementsAre("secrets.json:1:67: without 'systemdIntegration.enable' OpNix does "
                          "nothing with 'services', nor do we"));
}

TEST(Opnix, TellsWhatItDoesNotKnow) {
  EXPECT_THAT(Warnings("{\"new\": 1,\n \"secrets\": [{\"path\": \"a\", \"reference\": \"r\",\n"
                       " \"services\": {\"x\": {\"stop\": true}}, \"modes\": 1}],\n"
                       " \"systemdIntegration\": {\"enable\": true, \"x\": 1}}"),
              ElementsAre("secrets.json:1:2: unknown key 'new' is passed over",
                          "secrets.json:4:41: unknown key 'x' is passed over",
                          "secrets.json:3:37: unknown key 'modes' is passed over",
                          "secrets.json:3:21: unknown key 'stop' is passed over"));
}

TEST(Opnix, TellsWhatHasNoCounterpart) {
  const auto told = [](const std::string& integration) {
    return Warnings(R"({"secrets": [], "systemdIntegration": {)" + integration + "}}");
  };
  EXPECT_THAT(told(R"("services": ["caddy"])"), ElementsAre(HasSubstr("After=secretfs.service")));
  EXPECT_THAT(told(R"("changeDetection": {"enable": false})"), ElementsAre(HasSubstr("changes")));
  EXPECT_THAT(told(R"("errorHandling": {"continueOnError": false})"),
              ElementsAre(HasSubstr("fails alone")));
  EXPECT_THAT(told(R"("errorHandling": {"rollbackOnFailure": true})"),
              ElementsAre(HasSubstr("'errorHandling.rollbackOnFailure': has no counterpart")));
  EXPECT_THAT(told(R"("polling": {"enable": true, "interval": "6h"})"),
              ElementsAre(HasSubstr("'refresh'")));
  EXPECT_THAT(told(R"("changeDetection": {}, "errorHandling": {}, "polling": null)"), IsEmpty());
  EXPECT_THAT(Warnings(One(R"("path": "a", "services": {"x": {"after": ["y.service"]}})",
                           R"(, "systemdIntegration": {"enable": true})")),
              ElementsAre(HasSubstr("let 'x.service' have After=y.service itself")));
}

TEST(Opnix, WhatIsWrongHasAPlace) {
  EXPECT_EQ(Complaint("[]"),
            "secrets.json:1:1: OpNix's secrets must be a mapping of keys to values");
  EXPECT_EQ(Complaint("{}"), "secrets.json:1:1: 'secrets' must be a list");
  EXPECT_THAT(Complaint("{\"secrets\": [\n  {\"path\": }]}"), HasSubstr("secrets.json:"));
  EXPECT_EQ(Complaint(R"({"secrets": [{"path": "a"}]})"),
            "secrets.json:1:14: a secret has no 'reference'");
  EXPECT_EQ(Complaint(One(R"("kind": "note", "path": "a")")),
            "secrets.json:1:50: unknown kind 'note'");
  EXPECT_EQ(Complaint(One(R"("mode": "0400")")),
            "secrets.json:1:14: a secret has no 'path', and there is no 'pathTemplate'");
  EXPECT_EQ(Complaint(One(R"("path": "{x}")")),
            "secrets.json:1:50: variable 'x' of a path has no value");
  EXPECT_EQ(Complaint(One(R"("path": "{x}", "variables": {"x": "{x}"})")),
            "secrets.json:1:76: variable 'x' has a brace in its value");
  EXPECT_EQ(Complaint(One(R"("path": "../a")")), "secrets.json:1:50: path '../a' has '..' in it");
  EXPECT_EQ(Complaint(One(R"("path": "a", "symlinks": "b")")),
            "secrets.json:1:67: 'symlinks' must be a list of texts");
  EXPECT_EQ(Complaint(One(R"("path": "a", "services": "b")")),
            "secrets.json:1:67: 'services' must be a mapping of keys to values");
  EXPECT_EQ(Complaint(One(R"("path": "a", "path": "b")")),
            "secrets.json:1:55: 'path' stands here twice");
}

}  // namespace
}  // namespace secretfs
