// A small vocabulary and short ways to load a text against it, for the tests of the loader.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/config.h"

namespace secretfs::test {

inline Vocabulary SomeVocabulary() {
  Vocabulary words;
  words.providers = {
      {.kind = "age", .direct = ParameterForm::kPath},
      {.kind = "file", .direct = ParameterForm::kPath},
      {.kind = "note", .direct = ParameterForm::kText},
      {.kind = "sops",
       .as_source = true,
       .parameters = {{.key = "file", .form = ParameterForm::kPath, .required = true}},
       .selector = "key"},
      {.kind = "vault",
       .as_source = true,
       .parameters = {{.key = "address", .required = true},
                      {.key = "token_file", .form = ParameterForm::kPath, .required = true},
                      {.key = "space"}},
       .selector = "ref"},
      {.kind = "tokens",
       .as_source = true,
       .parameters = {{.key = "file", .form = ParameterForm::kPath, .required = true}}},
      {.kind = "json",
       .as_source = true,
       .parameters = {{.key = "file", .form = ParameterForm::kPath, .required = true}},
       .selector = "key"},
  };
  words.views = {
      {.format = "netrc", .takes_source = true},
      {.format = "template",
       .parameters = {{.key = "content", .required = true},
                      {.key = "include", .form = ParameterForm::kPath}}},
      {.format = "kubernetes-secret",
       .parameters = {{.key = "name", .required = true},
                      {.key = "data", .form = ParameterForm::kSecretMap, .required = true}}},
  };
  return words;
}

inline Result<Config> Load(std::vector<ConfigText> texts) {
  return LoadConfig(texts, SomeVocabulary(), {});
}
inline Result<Config> Load(std::string_view text) {
  return Load(std::vector<ConfigText>{{"config.yaml", "/etc/secretfs", text}});
}

/// "where: what | hint", or "loaded".
inline std::string Complaint(const Result<Config>& loaded) {
  if (loaded) return "loaded";
  const Error& error = loaded.error();
  return error.Text() + (error.hint.empty() ? "" : " | " + error.hint);
}
inline std::string Complaint(std::string_view text) { return Complaint(Load(text)); }

}  // namespace secretfs::test
