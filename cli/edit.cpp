// `secretfs edit`: change the content of an age file, in an editor or from standard input, and
// encrypt it to those whom the rules name.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "base/text.h"
#include "cli/command.h"
#include "cli/config_option.h"
#include "cli/editor.h"
#include "cli/identity_options.h"
#include "cli/output_file.h"
#include "cli/rewrite.h"
#include "cli/rules_file.h"
#include "cli/ui.h"
#include "crypto/age.h"
#include "crypto/encryption.h"
#include "providers/fd_source.h"

namespace secretfs {
namespace {

constexpr size_t kLargest = size_t{16} << 20;

struct Options {
  IdentityOptions identities;
  std::string rules;
  std::string file;
};

/// The file as it was found.
struct Old {
  FileState state;  // unset: there is none yet
  SecretBytes content;
  bool armored = false;
  bool for_these = true;  // by its mark
};

struct Edit {
  std::string path;
  std::vector<age::RecipientPtr> recipients;
  std::optional<bool> armored;
  Old old;
};

Result<SecretBytes> ReadAllOf(age::Decryption& decryption) {
  SecretBuilder content;
  for (;;) {
    const ByteView chunk = TRY(decryption.Next());
    if (chunk.empty()) return content.Finish();
    if (content.size() + chunk.size() > kLargest) {
      return Error{Code::kTooLarge, "the content is larger than 16 MiB", "",
                   "use secretfs decrypt and secretfs encrypt"};
    }
    content.Append(chunk);
  }
}

Result<Old> ReadOld(const Options& options, const RulesFile& rules,
                    std::span<const age::RecipientPtr> recipients) {
  Old old;
  if (!TRY(StateOf(options.file))) return old;
  const UniqueFd fd = TRY(OpenRegular(options.file));
  old.state = TRY(StampOf(fd.get(), options.file));
  const auto identities = TRY(IdentitiesFor(rules, options.identities));
  FdSource source(fd.get(), options.file);
  auto opened = age::Decryption::Open(source, identities);
  if (!opened) ExplainNoMatch(opened.error(), identities, kNoIdentitiesHint);
  age::Decryption decryption = TRY(std::move(opened));
  WarnOfIdentities(decryption);
  old.armored = decryption.armored();
  old.for_these = TRY(decryption.IsMarkedFor(recipients));
  old.content = TRY(ReadAllOf(decryption));
  return old;
}

Result<Edit> Begin(const Options& options, const RulesFile& rules, const FileRule& rule,
                   std::vector<age::RecipientPtr> recipients) {
  Edit edit;
  edit.path = options.file;
  edit.armored = rule.armored;
  edit.recipients = std::move(recipients);
  edit.old = TRY(ReadOld(options, rules, edit.recipients));
  return edit;
}

bool SameContent(const Edit& edit, const SecretBytes& content) {
  return ConstantTimeEqual(edit.old.content.Expose(), content.Expose());
}

void SayUnchanged(const Edit& edit) {
  if (!edit.old.state) {
    ui::Print(Printable(edit.path) + ": empty, and not made");
    return;
  }
  ui::Print(Printable(edit.path) + ": unchanged");
  if (!edit.old.for_these)
    ui::Warn(edit.path + ": is not known to be for the recipients of the rules",
             "`secretfs rekey` encrypts it to them");
}

Status Save(const Edit& edit, const SecretBytes& content, const FileState& expected) {
  ReplacementFile file = TRY(ReplacementFile::Open(edit.path, PublicMode()));
  ReplacementSink sink(file);
  age::EncryptionOptions form;
  form.armored = edit.armored.value_or(edit.old.armored);
  form.marked = true;
  TRY(age::EncryptAll(content.Expose(), edit.recipients, form, sink));
  TRY(CommitIfUnchanged(file, edit.path, expected));
  ui::Print(Printable(edit.path) + ": saved for " + std::to_string(edit.recipients.size()) +
            (edit.recipients.size() == 1 ? " recipient" : " recipients"));
  return Ok{};
}

Status EditFromInput(const Edit& edit) {
  const SecretBytes content = TRY(ReadAllSecret(STDIN_FILENO, kLargest, "standard input"));
  if (content.empty()) {  // as from cron, where nobody meant to give any
    return Error{Code::kInvalid, "is empty, and nothing was changed", "standard input",
                 "give the new content, or a terminal for an editor"};
  }
  if (!SameContent(edit, content)) return Save(edit, content, edit.old.state);
  SayUnchanged(edit);
  return Ok{};
}

enum class Answer { kAgain, kSave, kDrop };

/// What to do with a text that could not be saved: only the person can tell. Without an answer it
/// is dropped.
Answer AskWhatNext(bool can_save) {
  const std::string question = std::string("secretfs: e: back to the editor; ") +
                               (can_save ? "s: save all the same; " : "") + "d: drop the changes? ";
  for (;;) {
    if (!WriteAll(STDERR_FILENO, AsBytes(question), "standard error")) return Answer::kDrop;
    char answer = '\n';
    char c = 0;
    ssize_t size = 0;
    while ((size = ::read(STDIN_FILENO, &c, 1)) == 1 && c != '\n') {
      if (answer == '\n') answer = c;
    }
    if (answer == 'e') return Answer::kAgain;
    if (answer == 's' && can_save) return Answer::kSave;
    if (answer == 'd' || size != 1) return Answer::kDrop;
  }
}

Status SaveEdited(const Edit& edit, const Edited& edited, const FileState& expected) {
  if (!edited.end) return edited.end;
  if (!edited.text) {
    Error error = edited.text.error();
    error.what = "the text cannot be taken from the editor: " + error.what;
    return error;
  }
  if (!SameContent(edit, *edited.text)) return Save(edit, *edited.text, expected);
  SayUnchanged(edit);
  return Ok{};
}

/// Tries to save until it succeeds or the person gives up. Whatever goes wrong once an editor ran,
/// a text that is not saved is not dropped without a question.
Status SaveOrAsk(const Edit& edit, EditorSession& session) {
  FileState expected = edit.old.state;
  std::optional<Edited> edited;
  for (;;) {
    if (!edited) edited = TRY(session.Edit(kLargest));
    Status saved = SaveEdited(edit, *edited, expected);
    if (saved || (edited->text && SameContent(edit, *edited->text))) return saved;
    if (saved.error().where.empty()) saved.error().where = edit.path;
    const bool gone = !edited->text && edited->text.error().code == Code::kNotFound;
    ui::Warn(saved.error().Text(),
             gone ? "the file is as it was" : "the file is as it was, and the text is still there");
    const Answer answer = AskWhatNext(edited->text.has_value());
    if (answer == Answer::kDrop) return saved;
    if (answer == Answer::kAgain) {
      edited.reset();
      continue;
    }
    edited->end = Ok{};
    if (const auto now = StateOf(edit.path)) expected = *now;
  }
}

std::string NameForEditor(const std::string& path) {
  const std::filesystem::path name = std::filesystem::path(path).filename();
  return name.extension() == ".age" ? name.stem().string() : name.string();
}

Status EditInEditor(const Edit& edit) {
  const IgnoreInterrupts ignore;
  EditorSession session = TRY(EditorSession::Start(NameForEditor(edit.path), edit.old.content));
  return SaveOrAsk(edit, session);
}

bool AtTerminal() { return ::isatty(STDIN_FILENO) == 1; }

Status CheckUsage(const Options& options) {
  StdinUse use;
  options.identities.AddStdinUses(use);
  if (!AtTerminal()) use.Add("the new content");
  return use.Check();
}

ExitCode Run(const Options& options) {
  if (const Status usage = CheckUsage(options); !usage) {
    return ui::Fail(usage.error(), ExitCode::kUsage);
  }
  if (const auto folder = FolderOf(options.file); !folder) return ui::Fail(folder.error());
  const auto rules = RulesFor(options.rules, options.file);
  if (!rules) return FailOnConfig(rules.error());
  const auto rule = rules->RuleFor(options.file);
  if (!rule) return ui::Fail(rule.error());
  auto recipients = RecipientsOf(**rule, options.identities.Help().plugins);
  if (!recipients) return FailOnConfig(recipients.error());
  auto edit = Begin(options, *rules, **rule, *std::move(recipients));
  if (!edit) {
    if (edit.error().where.empty()) edit.error().where = options.file;
    return ui::Fail(edit.error());
  }
  Status done = AtTerminal() ? EditInEditor(*edit) : EditFromInput(*edit);
  if (done) return ExitCode::kDone;
  if (done.error().where.empty()) done.error().where = options.file;
  return ui::Fail(done.error());
}

}  // namespace

Command EditCommand() {
  return {
      "edit", "change the content of an age file", [](CLI::App& app) {
        const auto options = std::make_shared<Options>();
        options->identities.AddTo(app);
        AddRulesOption(app, options->rules);
        app.add_option("FILE", options->file, "the age file; it need not be there yet")->required();
        return [options] { return Run(*options); };
      }};
}

}  // namespace secretfs
