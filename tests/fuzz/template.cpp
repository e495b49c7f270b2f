// Any text parses or is refused with a place, and renders with every secret that it needs. The
// rendered views of tokens are one line for each, whatever the tokens are.
#include <cstdint>
#include <cstdlib>

#include "views/view.h"

namespace {

using namespace secretfs;

void Check(bool holds) {
  if (!holds) std::abort();
}

void RenderTemplate(std::string_view content, const Value& secret) {
  ViewConfig config;
  config.format = "template";
  config.parameters.values["content"] = content;
  config.place = {"f", 1, 1};
  const auto view = MakeView(config);
  if (!view) {
    Check(view.error().where == "f:1:1" && view.error().what.starts_with("line "));
    return;
  }
  const auto names = (*view)->Needs();
  std::vector<ViewInput> inputs;
  for (const std::string& name : names) {
    Check(!name.empty());
    inputs.push_back({name, secret});
  }
  const auto value = (*view)->Render(inputs);
  Check(value || value.error().code == Code::kInvalid || value.error().code == Code::kTooLarge);
}

size_t CountLines(const Value& value) {
  size_t lines = 0;
  for (const char c : AsText(value.bytes.Expose())) lines += c == '\n' ? 1 : 0;
  return lines;
}

void RenderTokens(std::string_view host, const SecretBytes& secret) {
  for (const char* format : {"nix-access-tokens", "git-credentials", "netrc"}) {
    ViewConfig config;
    config.format = format;
    const auto view = MakeView(config);
    Check(view.has_value());
    Value source;
    for (const TokenKind kind : {TokenKind::kGeneric, TokenKind::kGithub, TokenKind::kGitlabPat}) {
      auto value = SecretBytes::CopyOf(secret.Expose());
      Check(value.has_value());
      source.tokens.push_back({std::string(host), std::string(host), kind, std::move(*value)});
    }
    const std::vector<ViewInput> inputs{{"source", source}};
    const auto rendered = (*view)->Render(inputs);
    Check(rendered && rendered->notes.size() + 1 >= source.tokens.size());
    Check(CountLines(*rendered) <= 1);
  }
}

}  // namespace

/// The first line is the secret or the host, the rest the template or the token.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view first = text.substr(0, end);
  const std::string_view rest = text.substr(std::min(end + 1, text.size()));
  Value secret;
  secret.bytes = *SecretBytes::CopyOf(AsBytes(first));
  RenderTemplate(rest, secret);
  RenderTokens(first, *SecretBytes::CopyOf(AsBytes(rest)));
  return 0;
}
