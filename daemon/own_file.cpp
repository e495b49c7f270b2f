#include "daemon/own_file.h"

#include <unistd.h>

#include <utility>

namespace secretfs {
namespace {

EntrySpec SpecOf(std::string name, const Clock& clock, std::function<std::string()> describe) {
  EntrySpec spec;
  spec.name = std::move(name);
  spec.origin = "status";
  spec.make = [&clock, describe = std::move(describe)](std::span<const ValuePtr>, SteadyTime,
                                                       const std::stop_token&) -> Result<Value> {
    Value value;
    value.bytes = TRY(SecretBytes::CopyOf(AsBytes(describe())));
    value.modified = clock.Wall();
    return value;
  };
  spec.fresh = true;
  return spec;
}

}  // namespace

File OwnFile(const std::string& name, const ConfigDefaults& owner, const Clock& clock,
             std::function<std::string()> describe) {
  Access mine;
  mine.owner = owner.owner;
  mine.group = owner.group;
  EntrySpec spec = SpecOf(".secretfs/" + name, clock, std::move(describe));
  return {std::make_shared<Entry>(std::move(spec)), mine};
}

Result<File> HealthFile(const Clock& clock) {
  Access everybody;
  everybody.owner = everybody.group = Principal::Number(0);
  everybody.mode = 0444;
  EntrySpec spec = SpecOf(kHealthFile, clock, HealthText);
  spec.recorded = false;
  File file{std::make_shared<Entry>(std::move(spec)), everybody};
  Value value;
  value.bytes = TRY(SecretBytes::CopyOf(AsBytes(HealthText())));
  value.modified = clock.Wall();
  file.entry->Publish(std::move(value), clock.Steady(), clock.Wall());
  return file;
}

std::string HealthText() { return "served by process " + std::to_string(::getpid()) + "\n"; }

}  // namespace secretfs
