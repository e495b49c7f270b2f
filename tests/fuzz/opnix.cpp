// Any bytes as OpNix's secrets.json. What is accepted is a mapping of names to mappings with places
// in the text; complaints have a place and no raw control characters of the input; and what is
// printed of it can be loaded, or is refused with a place.
#include "core/opnix.h"

#include <cstdlib>

#include "base/text.h"
#include "cli/opnix.h"

namespace {

using namespace secretfs;

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckWords(const Error& error, std::string_view file) {
  Require(error.where.starts_with(file));
  Require(!error.what.empty() && Printable(error.what) == error.what);
}

void CheckLoads(const std::string& text) {
  Vocabulary words;
  words.providers = {{.kind = "onepassword",
                      .as_source = true,
                      .parameters = {{.key = "token_file", .form = ParameterForm::kPath}},
                      .selector = "ref"}};
  const ConfigText config{"c.yaml", "/c", text};
  const auto loaded = LoadConfig({&config, 1}, words, {.mount_point = "/run/secrets"});
  if (!loaded) CheckWords(loaded.error(), "c.yaml");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = ReadOpnix({"s.json", "/", text}, {"op", kOpnixFolder, "/run/secrets"});
  if (!read) {
    CheckWords(read.error(), "s.json");
    return 0;
  }
  const YamlNode& secrets = read->secrets;
  Require(secrets.kind == YamlNode::Kind::kMap && secrets.items.size() % 2 == 0);
  for (size_t i = 0; i < secrets.items.size(); i += 2) {
    Require(secrets.items[i].line > 0 && secrets.items[i + 1].kind == YamlNode::Kind::kMap);
  }
  for (const std::string& warning : read->warnings) Require(Printable(warning) == warning);
  CheckLoads(OpnixConfig(*read, {"s.json", "op", kOpnixToken}));
  return 0;
}
