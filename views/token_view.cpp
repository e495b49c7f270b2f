#include "views/token_view.h"

#include <map>

#include "base/text.h"
#include "views/token_kind.h"

namespace secretfs {

std::string LeftOut::Text() const { return Quote(host) + ": " + why.reason; }

Selection SelectTokens(const TokenTable& table, std::optional<Unfit> (*unfit)(const Token&),
                       const std::function<std::string(const HostParts&)>& key) {
  Selection selection;
  std::map<std::string, std::string> taken;  // key to host
  for (size_t i = 0; i < table.size(); ++i) {
    const Token& token = table[i];
    const auto host = ParseHost(token.host);
    auto why = unfit(token);
    if (!why && host) {
      const auto [first, is_new] = taken.emplace(key(*host), host->Text());
      if (is_new) {
        selection.usable.push_back({&token, *host});
        continue;
      }
      why = Unfit{"the entry for " + Quote(first->second) + " comes first",
                  first->second != host->Text()};
    }
    selection.left_out.push_back({NameForPeople(table, i), why.value_or(Unfit{})});
  }
  return selection;
}

std::optional<Unfit> UnfitForAnyFormat(const Token& token) {
  if (!ParseHost(token.host)) {
    return Unfit{"the host is not of the form HOST[:PORT][/PATH], without https:// and in ASCII"};
  }
  if (BareToken(token).empty()) return Unfit{"the token is empty"};
  return std::nullopt;
}

Result<Value> TokenView::Render(std::span<const ViewInput> inputs) const {
  if (inputs.size() != 1) {
    return Error{Code::kInvalid, "a view of tokens is made from one source", "", ""};
  }
  const Value& source = inputs.front().value;
  const Selection selection = Select(source.tokens);
  SecretBuilder out;
  Write(out, selection.usable);
  Value value;
  value.bytes = TRY(out.Finish());
  value.modified = source.modified;
  for (const LeftOut& left_out : selection.left_out) {
    value.notes.push_back({left_out.Text(), left_out.why.by_design});
  }
  return value;
}

}  // namespace secretfs
