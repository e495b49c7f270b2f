#include <gmock/gmock.h>

#include <optional>
#include <sstream>

#include "tests/unit/views/view_testing.h"
#include "views/formats.h"

namespace secretfs {
namespace {

using namespace view_testing;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kFormat = "netrc";

struct Login {
  std::string user, password;
  bool operator==(const Login&) const = default;
};

bool IsKeyword(const std::string& word, const char* keyword) {
  return ::strcasecmp(word.c_str(), keyword) == 0;
}

/// The next word of a line, as curl 7.84 and newer read it; nothing at its end or at a comment.
std::optional<std::string> NextWord(std::string_view& line) {
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  if (line.empty() || line.front() == '#') return std::nullopt;
  std::string word;
  if (line.front() != '"') {
    const size_t end = std::min(line.find_first_of(" \t\r\v\f"), line.size());
    word = line.substr(0, end);
    line.remove_prefix(end);
    return word;
  }
  line.remove_prefix(1);
  while (!line.empty() && line.front() != '"') {
    if (line.front() == '\\') {
      line.remove_prefix(1);
      EXPECT_TRUE(!line.empty() && std::string_view("nrt").find(line.front()) == line.npos)
          << "an escape that we never write";
    }
    word += line.front();
    line.remove_prefix(1);
  }
  EXPECT_FALSE(line.empty()) << "a quote is never closed";
  line.remove_prefix(1);
  return word;
}

/// curl 7.88's search for one host, with its weakness: a word that is a keyword counts as one even
/// where it is a value of another host.
std::optional<Login> ReadAsCurl(const std::string& file, const std::string& host) {
  enum { kNothing, kHost, kOurs } state = kNothing;
  Login login;
  bool found = false;
  std::string* next = nullptr;
  std::istringstream lines(file);
  for (std::string text; std::getline(lines, text);) {
    if (text.size() + 1 > 4095) continue;
    std::string_view line = text;
    while (auto word = NextWord(line)) {
      if (!login.user.empty() && !login.password.empty()) return login;
      if (state == kNothing) {
        EXPECT_FALSE(IsKeyword(*word, "macdef"));
        if (IsKeyword(*word, "machine")) state = kHost;
        if (IsKeyword(*word, "default")) found = (state = kOurs) == kOurs;
      } else if (state == kHost) {
        state = IsKeyword(*word, host.c_str()) ? kOurs : kNothing;
        found = found || state == kOurs;
      } else if (next != nullptr) {
        *next = *word;
        next = nullptr;
      } else if (IsKeyword(*word, "login")) {
        next = &login.user;
      } else if (IsKeyword(*word, "password")) {
        next = &login.password;
      } else if (IsKeyword(*word, "machine")) {
        state = kHost;
      }
    }
  }
  return found ? std::optional(login) : std::nullopt;
}

TEST(Netrc, WritesOneLineForEachMachine) {
  const auto view =
      Render(kFormat, Table(MakeToken("github.com", "ghp_1"), MakeToken("gitlab.com", "PAT:2"),
                            MakeToken("git.home.lan:3000", "3", TokenKind::kGitea, "me"),
                            MakeToken("[2001:db8::1]:8443", "4")));
  EXPECT_EQ(view.text,
            "machine github.com login x-access-token password ghp_1\n"
            "machine gitlab.com login oauth2 password 2\n"
            "machine git.home.lan login me password 3\n"
            "machine 2001:db8::1 login oauth2 password 4\n");
  EXPECT_THAT(view.notes, IsEmpty());
}

TEST(Netrc, QuotesOnlyWhatNeedsIt) {
  const auto view = Render(
      kFormat, Table(MakeToken("a", "x y", TokenKind::kGeneric, "my user"), MakeToken("b", "#x"),
                     MakeToken("c", "x\"y\\z"), MakeToken("d", "x#y'z")));
  EXPECT_EQ(view.text,
            "machine a login \"my user\" password \"x y\"\n"
            "machine b login oauth2 password \"#x\"\n"
            "machine c login oauth2 password \"x\\\"y\\\\z\"\n"
            "machine d login oauth2 password x#y'z\n");
}

TEST(Netrc, KeepsTheFirstOfAMachinesPorts) {
  const auto view = Render(kFormat, Table(MakeToken("h:1", "first"), MakeToken("H:2", "second"),
                                          MakeToken("h", "third")));
  EXPECT_EQ(view.text, "machine h login oauth2 password first\n");
  EXPECT_THAT(view.notes,
              ElementsAre(HasSubstr("'H:2': the entry for 'h:1' comes first"), HasSubstr("'h': ")));
}

TEST(Netrc, FindsNoFaultWithAnotherPort) {
  const TokenTable table =
      Table(MakeToken("h:1", "first"), MakeToken("h:2", "second"), MakeToken("h:1/", "third"));
  const Selection selection = SelectForNetrc(table);
  ASSERT_EQ(selection.left_out.size(), 2U);
  EXPECT_TRUE(selection.left_out[0].why.by_design);
  EXPECT_FALSE(selection.left_out[1].why.by_design);
}

TEST(Netrc, LeavesOutTokensForOnePath) {
  const auto view = Render(kFormat, Table(MakeToken("github.com/org", "narrow")));
  EXPECT_EQ(view.text, "");
  EXPECT_THAT(view.notes, ElementsAre(HasSubstr("netrc has no paths")));
}

TEST(Netrc, LeavesOutWhatCurlRefuses) {
  const auto view = Render(
      kFormat, Table(MakeToken("a", "x\ny"), MakeToken("b", "x\ty"), MakeToken("c", "\x7f"),
                     MakeToken("d", "Machine"), MakeToken("e", "DEFAULT"), MakeToken("f", "macdef"),
                     MakeToken("g", "x", TokenKind::kGeneric, "default"),
                     MakeToken("h", "x", TokenKind::kGeneric, "u\nv"),
                     MakeToken("i", std::string(4096, 'x'))));
  EXPECT_EQ(view.text, "");
  EXPECT_EQ(view.notes.size(), 9U);
}

TEST(Netrc, KeepsTheLongestLineThatCurlReads) {
  const std::string fixed = "machine h login oauth2 password \n";
  const auto longest =
      Render(kFormat, Table(MakeToken("h", std::string(4095 - fixed.size() - 4, 'x'))));
  EXPECT_THAT(longest.notes, IsEmpty());
  EXPECT_LE(longest.text.size(), 4095U);
  const auto over = Render(kFormat, Table(MakeToken("h", std::string(4096 - fixed.size(), 'x'))));
  EXPECT_EQ(over.notes.size(), 1U);
}

TEST(Netrc, StaysBelowTheFileSizeThatCurlReads) {
  TokenTable table;
  for (int i = 0; i < 100; ++i) {
    table.push_back(MakeToken("h" + std::to_string(i), std::string(3000, 'x')));
  }
  const auto view = Render(kFormat, std::move(table));
  EXPECT_LT(view.text.size(), 128U * 1024U);
  EXPECT_GT(view.text.size(), 120U * 1024U);
  EXPECT_EQ(view.notes.size() + view.text.size() / 3030, 100U);
}

TEST(Netrc, ReadsBackAsWritten) {
  const TokenTable table = AwkwardTokens(TokenKind::kGithub);
  const auto view = Render(kFormat, AwkwardTokens(TokenKind::kGithub));
  size_t read = 0;
  for (const Token& token : table) {
    const auto login = ReadAsCurl(view.text, token.host);
    if (!login) continue;
    ++read;
    EXPECT_EQ(*login, (Login{"user", std::string(AsText(token.value.Expose()))})) << token.host;
  }
  EXPECT_EQ(read + view.notes.size(), table.size());
  EXPECT_GT(read, 20U);
}

}  // namespace
}  // namespace secretfs
