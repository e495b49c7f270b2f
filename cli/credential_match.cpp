#include "cli/credential_match.h"

#include <optional>

#include "base/text.h"
#include "views/formats.h"
#include "views/host.h"
#include "views/token_kind.h"

namespace secretfs {
namespace {

std::string_view TrimSlashes(std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

/// How well an entry's path suits the request, more being better; nothing when it does not.
std::optional<size_t> PathRank(std::string_view entry, std::string_view wanted) {
  if (wanted.empty()) return std::string_view::npos - entry.size();
  if (entry.empty()) return 0;
  if (!wanted.starts_with(entry)) return std::nullopt;
  const std::string_view rest = wanted.substr(entry.size());
  const bool leads = rest.empty() || rest.starts_with('/') || rest == ".git";
  return leads ? std::optional(entry.size()) : std::nullopt;
}

Result<SecretBytes> Answer(ByteView username, ByteView password) {
  SecretBuilder out;
  out.Append("username=").Append(username).Append("\npassword=").Append(password).Append('\n');
  return out.Finish();
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// As git's url_decode: what is no %XX, and %00, stands for itself.
Result<SecretBytes> PercentDecode(std::string_view text) {
  return SecretBytes::Make(text.size(), [&](ByteSpan out) -> Result<size_t> {
    size_t size = 0;
    while (!text.empty()) {
      char c = text.front();
      text.remove_prefix(1);
      if (c == '%' && text.size() >= 2 && HexDigit(text[0]) >= 0 && HexDigit(text[1]) >= 0) {
        const int value = 16 * HexDigit(text[0]) + HexDigit(text[1]);
        if (value != 0) {
          c = static_cast<char>(value);
          text.remove_prefix(2);
        }
      }
      out[size++] = static_cast<std::byte>(c);
    }
    return size;
  });
}

/// One line taken apart, still percent-encoded. A line that is malformed may have a secret in any
/// part of it, so that all of them are treated as one.
struct Line {
  std::string_view protocol, username, password, host, path;
};

std::optional<Line> SplitLine(std::string_view text) {
  if (text.find('\r') != text.npos) return std::nullopt;
  Line line;
  const size_t scheme = text.find("://");
  if (scheme == text.npos || scheme == 0) return std::nullopt;
  line.protocol = text.substr(0, scheme);
  text.remove_prefix(scheme + 3);
  const size_t slash = std::min(text.find_first_of("/?#"), text.size());
  const size_t at = text.find('@');
  const size_t colon = text.find(':');
  if (at >= slash || colon >= at) return std::nullopt;
  line.username = text.substr(0, colon);
  line.password = text.substr(colon + 1, at - colon - 1);
  line.host = text.substr(at + 1, slash - at - 1);
  line.path = TrimSlashes(text.substr(slash));
  return line;
}

bool SameHost(std::string_view a, std::string_view b) {
  return a.size() == b.size() && LowerCase(a) == LowerCase(b);
}

struct DecodedLine {
  SecretBytes username, password, path;
};

bool HasLineBreak(const SecretBytes& bytes) {
  return AsText(bytes.Expose()).find_first_of("\n\r") != std::string_view::npos;
}

/// Nothing for a line that git would pass over.
Result<std::optional<DecodedLine>> DecodeLine(const Line& line) {
  DecodedLine decoded;
  decoded.username = TRY(PercentDecode(line.username));
  decoded.password = TRY(PercentDecode(line.password));
  decoded.path = TRY(PercentDecode(line.path));
  const bool sound = !decoded.username.empty() && !decoded.password.empty() &&
                     !HasLineBreak(decoded.username) && !HasLineBreak(decoded.password) &&
                     !HasLineBreak(decoded.path);
  if (!sound) return std::optional<DecodedLine>();
  return std::optional(std::move(decoded));
}

/// A request's host has no line break, so that a line's with one never matches.
Result<bool> IsForHost(const Line& line, std::string_view host) {
  const SecretBytes decoded = TRY(PercentDecode(line.host));
  return SameHost(AsText(decoded.Expose()), host);
}

}  // namespace

Result<CredentialRequest> ParseCredentialRequest(ByteView text) {
  using namespace std::string_view_literals;
  CredentialRequest request;
  std::string_view rest = AsText(text);
  for (size_t number = 1; !rest.empty(); ++number) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) break;
    const size_t equals = line.find('=');
    if (equals == line.npos || line.find('\0') != line.npos) {
      return Error{Code::kInvalid, "line " + std::to_string(number) + " is not KEY=VALUE",
                   "git's request", ""};
    }
    const std::string_view key = line.substr(0, equals);
    const std::string_view value = line.substr(equals + 1);
    if (key == "protocol"sv) request.protocol = value;
    if (key == "host"sv) request.host = value;
    if (key == "path"sv) request.path = TrimSlashes(value);
    if (key == "username"sv) request.username = value;
  }
  return request;
}

Result<SecretBytes> AnswerFromLines(ByteView lines, const CredentialRequest& request) {
  if (request.protocol.empty() || request.host.empty()) return SecretBytes{};
  std::string_view rest = AsText(lines);
  std::optional<size_t> best_rank;
  DecodedLine best;
  while (!rest.empty()) {
    const std::string_view text = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(text.size() + 1, rest.size()));
    const auto line = SplitLine(text);
    if (!line || line->protocol != request.protocol) continue;
    const bool is_for_host = TRY(IsForHost(*line, request.host));
    if (!is_for_host) continue;
    auto decoded = TRY(DecodeLine(*line));
    if (!decoded) continue;
    if (!request.username.empty() && AsText(decoded->username.Expose()) != request.username)
      continue;
    const auto rank = PathRank(AsText(decoded->path.Expose()), request.path);
    if (!rank || (best_rank && *rank <= *best_rank)) continue;
    best_rank = rank;
    best = std::move(*decoded);
  }
  if (!best_rank) return SecretBytes{};
  return Answer(best.username.Expose(), best.password.Expose());
}

Result<SecretBytes> AnswerFromTokens(const TokenTable& table, const CredentialRequest& request) {
  if (request.protocol != "https" || request.host.empty()) return SecretBytes{};
  std::optional<size_t> best_rank;
  const Token* best = nullptr;
  for (const Token& token : table) {
    const auto host = ParseHost(token.host);
    if (!host || !SameHost(host->Authority(), request.host)) continue;
    if (!request.username.empty() && GitUserOf(token) != request.username) continue;
    const auto rank = PathRank(host->path, request.path);
    if (!rank || (best_rank && *rank <= *best_rank)) continue;
    best_rank = rank;
    best = &token;
  }
  if (best == nullptr) return SecretBytes{};
  if (const auto unfit = UnfitForGit(*best)) {
    return Error{Code::kInvalid, Quote(best->host) + ": " + unfit->reason, "",
                 "give it a token that `secretfs tokens check` finds no fault with"};
  }
  return Answer(AsBytes(GitUserOf(*best)), BareToken(*best));
}

}  // namespace secretfs
