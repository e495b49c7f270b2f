// `template`: text of the configuration with secrets in it. A value that was put in is never
// scanned again, so no secret can name another.
#include "views/template.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "views/formats.h"

namespace secretfs {
namespace {

constexpr size_t kMostFilters = 8;  // each may make a value several times larger

class Parser {
 public:
  Parser(std::string_view content, const Place& place) : content_(content), place_(place) {}

  Result<std::vector<TemplatePart>> Parse() {
    std::vector<TemplatePart> parts;
    for (;;) {
      const size_t open = std::min(content_.find("{{", at_), content_.size());
      if (open > at_) parts.push_back(Text(content_.substr(at_, open - at_)));
      at_ = open_ = open;
      if (at_ == content_.size()) return parts;
      at_ += 2;
      TemplatePart part = TRY(Substitution());
      parts.push_back(std::move(part));
    }
  }

 private:
  static TemplatePart Text(std::string_view text) {
    return {TemplatePart::Kind::kText, std::string(text), {}};
  }

  Result<TemplatePart> Substitution() {
    SkipBlanks();
    TemplatePart part = TRY(Operand());
    for (;;) {
      SkipBlanks();
      if (Rest().starts_with("}}")) {
        at_ += 2;
        return part;
      }
      if (Rest().empty()) return Unclosed();
      if (Rest().front() != '|') return Wrong(at_, "expected '|' or '}}'", "");
      ++at_;
      SkipBlanks();
      const TemplateFilter* filter = TRY(Filter());
      part.filters.push_back(filter);
      if (part.filters.size() > kMostFilters) {
        return Wrong(open_, "more than " + std::to_string(kMostFilters) + " filters", "");
      }
    }
  }

  Result<TemplatePart> Operand() {
    if (Rest().empty()) return Unclosed();
    const size_t start = at_;
    const char first = Rest().front();
    std::string text = TRY(first == '\'' || first == '"' ? Quoted() : BareName());
    if (first == '\'') return TemplatePart{Kind::kText, std::move(text), {}};
    if (text.empty()) {
      return Wrong(start, "no name of a secret",
                   "write {{ name }}, or {{ '{{' }} for two braces themselves");
    }
    return TemplatePart{Kind::kSecret, std::move(text), {}};
  }

  /// Up to '|' or "}}", without the blanks before them.
  Result<std::string> BareName() {
    size_t end = at_;
    while (end < content_.size() && content_[end] != '|' && content_[end] != '\n' &&
           !content_.substr(end).starts_with("}}") && !content_.substr(end).starts_with("{{")) {
      ++end;
    }
    std::string_view name = content_.substr(at_, end - at_);
    while (!name.empty() && IsBlank(name.back())) name.remove_suffix(1);
    at_ = end;
    SkipBlanks();
    if (Rest().empty() || Rest().starts_with("{{")) return Unclosed();
    return std::string(name);
  }

  /// In the quotes that it starts with; \ keeps the next quote or \ from its meaning.
  Result<std::string> Quoted() {
    const char quote = content_[at_++];
    std::string text;
    for (; at_ < content_.size(); ++at_) {
      const char c = content_[at_];
      if (c == quote) {
        ++at_;
        return text;
      }
      if (c == '\\') {
        const std::string_view next = content_.substr(at_ + 1, 1);
        if (next != "\\" && (next.empty() || next.front() != quote)) {
          return Wrong(at_, std::string("expected \\ or ") + quote + " after \\", "");
        }
        ++at_;
      }
      text += content_[at_];
    }
    return Wrong(open_, std::string("a ") + quote + " is never closed", "");
  }

  Result<const TemplateFilter*> Filter() {
    const size_t end = std::min(content_.find_first_of(" \t\r\n|}", at_), content_.size());
    const std::string_view name = content_.substr(at_, end - at_);
    const TemplateFilter* filter = FindTemplateFilter(name);
    if (filter == nullptr) {
      const std::string what =
          name.empty() ? "no name of a filter" : "unknown filter " + Quote(name);
      return Wrong(at_, what, SuggestFrom(name, TemplateFilterNames(), "known"));
    }
    at_ = end;
    return filter;
  }

  static bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
  void SkipBlanks() {
    while (at_ < content_.size() && IsBlank(content_[at_])) ++at_;
  }
  [[nodiscard]] std::string_view Rest() const { return content_.substr(at_); }

  [[nodiscard]] Error Unclosed() const {
    return Wrong(open_, "'{{' is never closed", "write {{ '{{' }} for two braces themselves");
  }

  /// An error at an offset; columns count characters of UTF-8.
  [[nodiscard]] Error Wrong(size_t at, const std::string& what, std::string hint) const {
    const std::string_view before = content_.substr(0, at);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::string_view row = before.substr(before.rfind('\n') + 1);
    const auto column = 1 + std::count_if(row.begin(), row.end(), [](char c) {
                          return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
                        });
    return {Code::kInvalid,
            "line " + std::to_string(line) + ", column " + std::to_string(column) +
                " of the content: " + what,
            place_.Text(), std::move(hint)};
  }

  using Kind = TemplatePart::Kind;
  std::string_view content_;
  const Place& place_;
  size_t at_ = 0;
  size_t open_ = 0;  // the newest "{{"
};

class TemplateView final : public View {
 public:
  explicit TemplateView(std::vector<TemplatePart> parts) : parts_(std::move(parts)) {}

  [[nodiscard]] std::vector<std::string> Needs() const override {
    std::vector<std::string> names;
    std::set<std::string_view> seen;
    for (const TemplatePart& part : parts_) {
      const bool secret = part.kind == TemplatePart::Kind::kSecret;
      if (secret && seen.insert(part.text).second) names.push_back(part.text);
    }
    return names;
  }

  [[nodiscard]] Result<Value> Render(std::span<const ViewInput> inputs) const override {
    SecretBuilder out(0, kMaxValueBytes);
    for (const TemplatePart& part : parts_) {
      ByteView bytes = AsBytes(part.text);
      if (part.kind == TemplatePart::Kind::kSecret) bytes = TRY(Find(inputs, part.text));
      TRY(AppendFiltered(out, bytes, part.text, part.filters));
    }
    Value value;
    value.bytes = TRY(out.Finish());
    for (const ViewInput& input : inputs) {
      value.modified = std::max(value.modified, input.value.modified);
    }
    return value;
  }

 private:
  static Result<ByteView> Find(std::span<const ViewInput> inputs, const std::string& name) {
    for (const ViewInput& input : inputs) {
      if (input.name == name) return input.value.bytes.Expose();
    }
    return Error{Code::kNotFound, "no value for " + Quote(name), "", ""};
  }

  const std::vector<TemplatePart> parts_;
};

}  // namespace

Result<std::vector<TemplatePart>> ParseTemplate(std::string_view content, const Place& place) {
  return Parser(content, place).Parse();
}

Result<std::unique_ptr<const View>> MakeTemplateView(const ViewConfig& config) {
  const std::string content = config.parameters.Get("content");
  std::vector<TemplatePart> parts = TRY(ParseTemplate(content, config.place));
  return std::unique_ptr<const View>(std::make_unique<TemplateView>(std::move(parts)));
}

}  // namespace secretfs
