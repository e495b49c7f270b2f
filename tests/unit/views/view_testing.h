// Makes tokens and renders views in one line each.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "views/view.h"

namespace secretfs::view_testing {

inline SecretBytes Secret(std::string_view text) {
  auto secret = SecretBytes::CopyOf(AsBytes(text));
  if (!secret) std::abort();
  return std::move(secret).value();
}

inline Token MakeToken(std::string host, std::string_view value,
                       TokenKind kind = TokenKind::kGeneric, std::string user = "") {
  Token token;
  token.host = std::move(host);
  token.user = std::move(user);
  token.kind = kind;
  token.value = Secret(value);
  return token;
}

template <class... Tokens>
TokenTable Table(Tokens... tokens) {
  TokenTable table;
  (table.push_back(std::move(tokens)), ...);
  return table;
}

struct Rendered {
  std::string text;
  std::vector<std::string> notes;
  WallTime modified;
};

/// Renders a source view of `format`.
inline Rendered Render(const std::string& format, TokenTable table, WallTime modified = {}) {
  ViewConfig config;
  config.format = format;
  const auto view = MakeView(config);
  EXPECT_TRUE(view);
  if (!view) return {};
  Value source;
  source.tokens = std::move(table);
  source.modified = modified;
  const std::vector<ViewInput> inputs{{"gitops", source}};
  const auto value = (*view)->Render(inputs);
  EXPECT_TRUE(value);
  if (!value) return {};
  std::vector<std::string> notes;
  for (const Note& note : value->notes) notes.push_back(note.text);
  return {std::string(AsText(value->bytes.Expose())), notes, value->modified};
}

/// Tokens as a person would never write them, to be read back from each format.
inline TokenTable AwkwardTokens(TokenKind kind) {
  TokenTable table;
  const std::vector<std::string> values{"plain-Token_1.2~3",
                                        "a=b=c",
                                        "PAT:nested:colon",
                                        "quote\"in",
                                        "\"leading",
                                        "back\\slash",
                                        "end\\",
                                        "a b",
                                        "tab\tin",
                                        "#leading",
                                        "in#side",
                                        "per%20cent",
                                        "p@ss:word/x?y#z",
                                        "new\nline",
                                        "cr\rin",
                                        "machine",
                                        "Default",
                                        "macdef",
                                        "password",
                                        "caf\xc3\xa9",
                                        "raw\xff\xfe",
                                        "del\x7f",
                                        "esc\x1b[0m",
                                        "'single'",
                                        "$(id)`id`",
                                        " lead",
                                        "trail ",
                                        "\\n",
                                        "\"",
                                        "\\",
                                        std::string("nul\0in", 6),
                                        std::string(3000, 'x'),
                                        std::string(5000, 'y'),
                                        std::string(2030, '"'),
                                        "login",
                                        "{{ x }}",
                                        "%0a"};
  for (size_t i = 0; i < values.size(); ++i) {
    table.push_back(MakeToken("h" + std::to_string(i) + ".example", values[i], kind, "user"));
  }
  return table;
}

}  // namespace secretfs::view_testing
