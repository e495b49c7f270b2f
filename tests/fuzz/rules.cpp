// The loader of rules on any bytes. What it accepts keeps its promises: every rule has patterns and
// recipients, each once and of one kind; and complaints have a place and no raw control characters
// of the input.
#include "core/rules.h"

#include <cstdlib>

#include "base/text.h"
#include "core/glob.h"

namespace {

using namespace secretfs;

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckAccepted(const Rules& rules) {
  for (const FileRule& rule : rules.rules) {
    Require(!rule.globs.empty() && !rule.recipients.empty());
    for (const std::string& glob : rule.globs) {
      Require(!GlobProblem(glob));
      Require(GlobMatches(GlobFor(glob), glob));
    }
    for (const RecipientSource& source : rule.recipients) {
      Require(source.text.empty() != source.file.empty());
      Require(source.file.empty() || source.file.front() == '/');
    }
  }
  for (const std::string& path : rules.identities)
    Require(path.starts_with('/') || path.starts_with("~/"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto loaded = LoadRules({"r.yaml", "/r", text});
  if (loaded) {
    CheckAccepted(*loaded);
    return 0;
  }
  const Error& error = loaded.error();
  Require(error.where.starts_with("r.yaml"));
  Require(!error.what.empty() && Printable(error.what) == error.what);
  return 0;
}
