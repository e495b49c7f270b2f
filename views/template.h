// The text of a `template` view, taken apart (secretfs.yaml(5), TEMPLATES). Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret_bytes.h"
#include "core/config.h"

namespace secretfs {

/// Changes a value on its way into the text.
struct TemplateFilter {
  const char* name;
  /// Why the bytes are nothing that it can express, or null.
  const char* (*refuses)(ByteView);
  void (*append)(SecretBuilder&, ByteView);
};

struct TemplatePart {
  enum class Kind { kText, kSecret };
  Kind kind = Kind::kText;
  std::string text;  // itself, or the secret's name
  std::vector<const TemplateFilter*> filters;
};

/// Errors: kInvalid with `place` in `where`, and the line and column of `content` in the text.
Result<std::vector<TemplatePart>> ParseTemplate(std::string_view content, const Place& place);

/// `bytes` through all of `filters`, appended. `name` is for messages. Errors: kInvalid; kTooLarge.
Status AppendFiltered(SecretBuilder& out, ByteView bytes, const std::string& name,
                      std::span<const TemplateFilter* const> filters);

/// Null when there is none of this name.
const TemplateFilter* FindTemplateFilter(std::string_view name);
std::vector<std::string> TemplateFilterNames();

}  // namespace secretfs
