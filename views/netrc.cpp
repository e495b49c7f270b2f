// `netrc`: `machine HOST login USER password TOKEN` lines for curl, and so for nix's netrc-file.
//
// Holds for curl 7.84 (double quotes, with \" and \\) to 8.22 (lib/netrc.c, lib/url.c):
// - A line is at most 4095 bytes (7.88 skips longer ones), a word too (8.x refuses the file), the
//   file 128 KiB (8.x refuses it).
// - Control characters in a password make curl 8 fail the transfer.
// - Until 8.x a word that is a keyword starts an entry, even as somebody else's password.
// - A machine is a host's name alone. A token for one port serves all ports of the host. A token
//   for one path would be sent for every other path too, so it is left out.
// - Of two entries for one machine the first wins.
#include <algorithm>
#include <array>

#include "views/escape.h"
#include "views/token_kind.h"
#include "views/token_view.h"

namespace secretfs {
namespace {

constexpr size_t kLongestLine = 4095;  // with its newline
constexpr size_t kLongestFile = 128 * 1024 - 1;

bool IsKeyword(ByteView word) {
  constexpr std::array<std::string_view, 3> kKeywords{"machine", "default", "macdef"};
  const std::string_view text = AsText(word);
  return std::any_of(kKeywords.begin(), kKeywords.end(), [&](std::string_view keyword) {
    return std::equal(text.begin(), text.end(), keyword.begin(), keyword.end(), [](char a, char b) {
      return (static_cast<unsigned char>(a) | 0x20U) == static_cast<unsigned char>(b);
    });
  });
}

/// curl asks for an IPv6 address without its brackets.
std::string_view Machine(const HostParts& host) {
  std::string_view name = host.name;
  if (name.starts_with('[')) name = name.substr(1, name.size() - 2);
  return name;
}

void AppendLine(SecretBuilder& out, const Token& token, const HostParts& host) {
  out.Append("machine ").Append(Machine(host)).Append(" login ");
  AppendNetrcWord(out, AsBytes(GitUserOf(token)));
  out.Append(" password ");
  AppendNetrcWord(out, BareToken(token));
  out.Append('\n');
}

/// Bytes that AppendNetrcWord() adds at most, counted in full so that no secret need be written.
size_t LineSize(const Token& token, const HostParts& host) {
  const auto word = [](ByteView bytes) {
    const std::string_view text = AsText(bytes);
    const auto escapes =
        std::count_if(text.begin(), text.end(), [](char c) { return c == '"' || c == '\\'; });
    return text.size() + static_cast<size_t>(escapes) + 2;
  };
  constexpr size_t kFixed = std::string_view("machine  login  password \n").size();
  return kFixed + Machine(host).size() + word(AsBytes(GitUserOf(token))) + word(BareToken(token));
}

class NetrcView final : public TokenView {
  [[nodiscard]] Selection Select(const TokenTable& table) const override {
    return SelectForNetrc(table);
  }
  void Write(SecretBuilder& out, std::span<const UsableToken> tokens) const override {
    for (const UsableToken& entry : tokens) AppendLine(out, *entry.token, entry.host);
  }
};

std::optional<Unfit> UnfitForNetrc(const Token& token) {
  if (auto unfit = UnfitForAnyFormat(token)) return unfit;
  const HostParts host = *ParseHost(token.host);
  if (!host.path.empty()) {
    return Unfit{"netrc has no paths, and the token would go to the whole host", true};
  }
  const ByteView password = BareToken(token);
  const ByteView user = AsBytes(token.user);
  if (HasControl(password)) return Unfit{"the token has a control character, which curl refuses"};
  if (HasControl(user)) return Unfit{"the user has a control character, which curl refuses"};
  if (IsKeyword(password) || IsKeyword(user)) {
    return Unfit{"the user or the token is a keyword of netrc"};
  }
  if (LineSize(token, host) > kLongestLine) {
    return Unfit{"the line would be over 4095 bytes, which curl skips"};
  }
  return std::nullopt;
}

}  // namespace

Selection SelectForNetrc(const TokenTable& table) {
  Selection selection = SelectTokens(
      table, &UnfitForNetrc, [](const HostParts& host) { return LowerCase(Machine(host)); });
  size_t size = 0;
  std::erase_if(selection.usable, [&](const UsableToken& entry) {
    const size_t line = LineSize(*entry.token, entry.host);
    const bool over = size + line > kLongestFile;
    if (over) {
      selection.left_out.push_back(
          {entry.host.Text(), {"the file would be over 128 KiB, which curl refuses"}});
    } else {
      size += line;
    }
    return over;
  });
  return selection;
}

Result<std::unique_ptr<const View>> MakeNetrcView(const ViewConfig& /*config*/) {
  return std::unique_ptr<const View>(std::make_unique<NetrcView>());
}

}  // namespace secretfs
