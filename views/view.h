// View: renders secrets into the bytes of a file that some program reads. Pure. One format is one
// file here and one line in registry.cpp; it follows the rules of its reader to the letter (sources
// in each file's header).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/config.h"
#include "core/entry.h"

namespace secretfs {

/// A named value that a view asked for. `name` is the secret's, or the source's for a view with
/// `source:`.
struct ViewInput {
  std::string_view name;
  const Value& value;
};

/// Thread-safe, const.
class View {
 public:
  virtual ~View() = default;
  /// The secrets and views it needs, each once. Not the source: that is given as the one input of a
  /// source view.
  [[nodiscard]] virtual std::vector<std::string> Needs() const { return {}; }
  /// The file's bytes, and in Value::notes what had to be left out and why (host or name, never
  /// content).
  [[nodiscard]] virtual Result<Value> Render(std::span<const ViewInput> inputs) const = 0;
};

/// What the configuration may say about each format.
std::vector<ViewSpec> ViewSpecs();

/// Errors: kInvalid with a Place in `where` for a parameter that breaks its format's rules (a
/// template's syntax, ...).
Result<std::unique_ptr<const View>> MakeView(const ViewConfig& config);

}  // namespace secretfs
