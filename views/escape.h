// The escaping rules of the formats, each appended to secret memory. Nothing here fails half-way:
// what a rule cannot express is told before anything is appended.
#pragma once

#include "base/bytes.h"
#include "base/secret_bytes.h"

namespace secretfs {

/// RFC 3986, section 2.3: A-Z a-z 0-9 - . _ ~
bool IsUnreserved(char c) noexcept;
/// Below 0x20, and 0x7f.
bool IsControl(char c) noexcept;
bool HasControl(ByteView bytes) noexcept;
/// Unicode, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF.
bool IsUtf8(ByteView bytes) noexcept;

/// Without white space (space, \t \n \v \f \r) at both ends.
ByteView Trimmed(ByteView bytes) noexcept;

/// RFC 3986: every byte outside the unreserved ones as %XX.
void AppendPercentEncoded(SecretBuilder& out, ByteView bytes);
/// RFC 4648, section 4: with padding, on one line.
void AppendBase64(SecretBuilder& out, ByteView bytes);
/// RFC 8259, in quotes. Needs UTF-8.
void AppendJsonString(SecretBuilder& out, ByteView utf8);
/// One word for a POSIX shell, in single quotes. Needs bytes without NUL.
void AppendShellWord(SecretBuilder& out, ByteView bytes);
/// One word of a netrc file, in double quotes only where curl needs them. Needs bytes without
/// control characters.
void AppendNetrcWord(SecretBuilder& out, ByteView bytes);

}  // namespace secretfs
