#include "remote/vault_ref.h"

#include <algorithm>

#include "base/text.h"
#include "core/name.h"
#include "remote/http.h"

namespace secretfs::remote {
namespace {

constexpr const char* kForm = "the form is PATH#FIELD, as in app/db#password";

bool IsControl(char c) {
  constexpr unsigned char kDelete = 0x7f;
  return static_cast<unsigned char>(c) < ' ' || static_cast<unsigned char>(c) == kDelete;
}

void AppendParts(std::string& url, std::string_view path) {
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    url += "/" + EscapePathPart(part);
    path.remove_prefix(std::min(path.size(), part.size() + 1));
  }
}

}  // namespace

std::string VaultPathProblem(std::string_view path) {
  if (path.empty()) return "is empty";
  if (!IsEntryName(path)) return "has an empty part, '.' or '..' in it, or ends in /";
  if (std::ranges::any_of(path, IsControl)) return "has a control character";
  return "";
}

Result<VaultReference> ParseVaultReference(std::string_view text) {
  const size_t mark = text.find('#');
  const bool named = mark != std::string_view::npos;
  const VaultReference ref{std::string(text.substr(0, mark)),
                           named ? std::string(text.substr(mark + 1)) : ""};
  if (const std::string problem = VaultPathProblem(ref.path); !problem.empty())
    return Error{Code::kInvalid, "the path of " + Quote(text) + " " + problem, "", kForm};
  if (named && ref.field.empty())
    return Error{Code::kInvalid, "the field of " + Quote(text) + " is empty", "", kForm};
  return ref;
}

std::string VaultUrlPath(std::string_view mount, std::string_view kind, std::string_view path) {
  std::string url = "/v1";
  AppendParts(url, mount);
  AppendParts(url, kind);
  AppendParts(url, path);
  return url;
}

}  // namespace secretfs::remote
