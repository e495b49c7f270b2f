// The rules file, secretfs.rules.yaml(5): to whom the files of a folder are encrypted, by patterns
// of their paths, as plain data, and its strict loader. Pure: a text in, Rules or the first error
// out. What a recipient's text means is crypto's affair.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/config.h"

namespace secretfs {

inline constexpr const char* kRulesFileName = "secretfs.rules.yaml";

/// One of both is set.
struct RecipientSource {
  std::string text;  // "age1...", "ssh-ed25519 AAAA..."; public, but somebody may err: never quoted
  std::string file;  // absolute; a recipient a line
  Place place;       // of the text, not of the name that led to it
  bool operator==(const RecipientSource& other) const {
    return text == other.text && file == other.file;
  }
};

struct FileRule {
  std::vector<std::string> globs;           // core/glob.h
  std::vector<RecipientSource> recipients;  // at least one, none twice; names are resolved
  std::optional<bool> armored;              // unset: as the file is, and binary for a new one
  Place place;
};

struct Rules {
  std::string folder;  // absolute; the globs are of paths below it
  std::vector<FileRule> rules;
  std::vector<std::string> identities;  // absolute, or "~/..."; empty when not given

  /// The first rule that fits a path below the folder, or null.
  [[nodiscard]] const FileRule* Find(std::string_view path) const;
};

/// Errors: kInvalid with Place::Text() in `where`, and a hint; kTooLarge.
Result<Rules> LoadRules(const ConfigText& text);

}  // namespace secretfs
