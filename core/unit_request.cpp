#include "core/unit_request.h"

#include <charconv>
#include <csignal>

#include "core/unit_name.h"

namespace secretfs {
namespace {

using Action = OnChange::Action;

Error NoRequest() { return {Code::kInvalid, "is not a request to act on a unit", "", ""}; }

/// Cuts the first word off.
std::string_view Word(std::string_view& text) {
  const size_t space = text.find(' ');
  const std::string_view word = text.substr(0, space);
  text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
  return word;
}

}  // namespace

std::string_view ActionName(Action action) noexcept {
  switch (action) {
    case Action::kRestart:
      return "restart";
    case Action::kReload:
      return "reload";
    case Action::kSignal:
      break;
  }
  return "signal";
}

std::string UnitRequest(const OnChange& action) {
  std::string text = std::string(ActionName(action.action)) + " " + action.unit;
  if (action.action == Action::kSignal) text += " " + std::to_string(action.signal);
  return text;
}

Result<OnChange> ParseUnitRequest(std::string_view request) {
  if (request.size() > kLongestUnitRequest) return NoRequest();
  std::string_view rest = request;
  const std::string_view verb = Word(rest);
  OnChange parsed;
  parsed.unit = Word(rest);
  if (!IsUnitName(parsed.unit)) return NoRequest();
  for (const Action action : {Action::kRestart, Action::kReload, Action::kSignal}) {
    if (verb == ActionName(action)) parsed.action = action;
  }
  if (parsed.action == Action::kSignal) {
    std::from_chars(rest.data(), rest.data() + rest.size(), parsed.signal);
    if (parsed.signal < 1 || parsed.signal >= SIGRTMIN) return NoRequest();
  }
  // What was understood has one spelling.
  if (UnitRequest(parsed) != request) return NoRequest();
  return parsed;
}

}  // namespace secretfs
