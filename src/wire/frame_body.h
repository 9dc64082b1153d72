// The bodies of frames, behind the kind byte: control.cpp (FlatBuffers) and steady.cpp (packed varints). Only
// frame.cpp and these two include this.
#pragma once

#include "base/bytes.h"
#include "wire/frame.h"

namespace tandem {

void WriteBody(const Hello& hello, ByteWriter& out);
void WriteBody(const Welcome& welcome, ByteWriter& out);
void WriteBody(const Open& open, ByteWriter& out);
void WriteBody(const Opened& opened, ByteWriter& out);
void WriteBody(const Fault& fault, ByteWriter& out);
void WriteBody(const Drafts& drafts, ByteWriter& out);
void WriteBody(const Verdict& verdict, ByteWriter& out);
void WriteBody(const Credit& credit, ByteWriter& out);
void WriteBody(const Close& close, ByteWriter& out);
void WriteBody(const Costs& costs, ByteWriter& out);
void WriteBody(const CodedDrafts& drafts, ByteWriter& out);
void WriteBody(const VocabularyWanted& wanted, ByteWriter& out);
void WriteBody(const VocabularyPart& part, ByteWriter& out);
void WriteBody(const HiddenRows& rows, ByteWriter& out);
void WriteBody(const HiddenBack& rows, ByteWriter& out);

Result<Frame> ReadHello(ByteView body);
Result<Frame> ReadWelcome(ByteView body);
Result<Frame> ReadOpen(ByteView body);
Result<Frame> ReadOpened(ByteView body);
Result<Frame> ReadFault(ByteView body);
Result<Frame> ReadDrafts(ByteView body);
Result<Frame> ReadVerdict(ByteView body);
Result<Frame> ReadCredit(ByteView body);
Result<Frame> ReadClose(ByteView body);
Result<Frame> ReadCosts(ByteView body);
Result<Frame> ReadCodedDrafts(ByteView body);
Result<Frame> ReadVocabularyWanted(ByteView body);
Result<Frame> ReadVocabularyPart(ByteView body);
Result<Frame> ReadHiddenRows(ByteView body);
Result<Frame> ReadHiddenBack(ByteView body);

// Ids as varints, one after the other, to the end of `packed`: 2 bytes an id below 16384, 3 below 2097152.
void PackIds(const std::vector<Token>& ids, ByteWriter& out);
Result<std::vector<Token>> UnpackIds(ByteView packed, size_t most, const char* where);

}  // namespace tandem
