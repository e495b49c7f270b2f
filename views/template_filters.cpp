#include <array>

#include "base/text.h"
#include "core/entry.h"
#include "views/escape.h"
#include "views/template.h"

namespace secretfs {
namespace {

const char* RefusesNothing(ByteView) { return nullptr; }

const char* RefusesNul(ByteView bytes) {
  return AsText(bytes).find('\0') == std::string_view::npos
             ? nullptr
             : "has a NUL, which no word of a shell can hold";
}

const char* RefusesOtherThanUtf8(ByteView bytes) {
  return IsUtf8(bytes) ? nullptr : "is not UTF-8, and JSON can hold nothing else";
}

constexpr std::array<TemplateFilter, 5> kFilters{{
    {"trim", &RefusesNothing,
     [](SecretBuilder& out, ByteView bytes) { out.Append(Trimmed(bytes)); }},
    {"json", &RefusesOtherThanUtf8, &AppendJsonString},
    {"base64", &RefusesNothing, &AppendBase64},
    {"urlencode", &RefusesNothing, &AppendPercentEncoded},
    {"shell", &RefusesNul, &AppendShellWord},
}};

}  // namespace

const TemplateFilter* FindTemplateFilter(std::string_view name) {
  for (const TemplateFilter& filter : kFilters) {
    if (filter.name == name) return &filter;
  }
  return nullptr;
}

std::vector<std::string> TemplateFilterNames() {
  std::vector<std::string> names;
  for (const TemplateFilter& filter : kFilters) names.emplace_back(filter.name);
  return names;
}

Status AppendFiltered(SecretBuilder& out, ByteView bytes, const std::string& name,
                      std::span<const TemplateFilter* const> filters) {
  SecretBytes filtered;
  for (const TemplateFilter* filter : filters) {
    if (const char* reason = filter->refuses(bytes)) {
      return Error{Code::kInvalid, Quote(name) + " " + reason, "",
                   "use another filter than '" + std::string(filter->name) + "', such as base64"};
    }
    SecretBuilder next(bytes.size());
    filter->append(next, bytes);
    filtered = TRY(next.Finish());
    bytes = filtered.Expose();
    if (bytes.size() > kMaxValueBytes) {
      return Error{Code::kTooLarge, Quote(name) + " is over 16 MiB after its filters", "", ""};
    }
  }
  out.Append(bytes);
  return Ok{};
}

}  // namespace secretfs
