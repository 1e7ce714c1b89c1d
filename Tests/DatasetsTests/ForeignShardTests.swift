import CHDF5
import Datasets
import TemporaryFolders
import Testing

/// A shard as another program might write it: each part can be left out or be of another kind.
private struct ForeignShard {
    var tokens: [UInt16] = [1, 2, 9]
    var offsets: [UInt64] = [0, 3]
    var integers = ["format_version": 1, "vocabulary_size": 10, "end_of_text_id": -1]
    var strings = ["tokenizer_name": "character", "tokenizer_sha256": "aa", "source_sha256": "bb"]
    var tokensName = "tokens"

    func write(to path: String) {
        var file: OpaquePointer?
        #expect(chdf5_create_file(path, &file) == CHDF5_OK)
        for (name, value) in integers {
            #expect(chdf5_write_integer(file, name, Int64(value)) == CHDF5_OK)
        }
        for (name, value) in strings {
            #expect(chdf5_write_string(file, name, value, UInt64(value.utf8.count)) == CHDF5_OK)
        }
        write(tokens, named: tokensName, to: file)
        write(offsets, named: "document_offsets", to: file)
        #expect(chdf5_close_file(file) == CHDF5_OK)
    }

    private func write<Element: FixedWidthInteger>(
        _ elements: [Element], named name: String, to file: OpaquePointer?
    ) {
        var dataset: OpaquePointer?
        let size = Int32(MemoryLayout<Element>.size)
        #expect(chdf5_create_dataset(file, name, size, 16, &dataset) == CHDF5_OK)
        #expect(chdf5_append(dataset, elements, UInt64(elements.count)) == CHDF5_OK)
        #expect(chdf5_close_dataset(dataset) == CHDF5_OK)
    }
}

@Suite struct ForeignShardTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    /// The failure in opening the shard after `change`, and in reading all its tokens.
    private func line(_ change: (inout ForeignShard) -> Void) -> String {
        var shard = ForeignShard()
        change(&shard)
        shard.write(to: scratch.path("foreign.h5"))
        return failureLine {
            let shard = try TokenShard(path: scratch.path("foreign.h5"))
            _ = try shard.tokens(0..<shard.tokenCount)
        }
    }

    @Test func shardThatKeepsTheContractIsRead() {
        #expect(line { _ in } == "")
    }

    @Test func tokenOutsideTheVocabularyIsNamedWithItsPosition() {
        let line = line { $0.integers["vocabulary_size"] = 9 }
        #expect(line.contains("a token id is outside the vocabulary: expected 0 to 8, got 9"))
        #expect(line.contains("(token 2 of \(scratch.path("foreign.h5")))"))
    }

    @Test(arguments: [
        "format_version", "vocabulary_size", "end_of_text_id", "tokenizer_name",
        "tokenizer_sha256", "source_sha256",
    ])
    func missingAttributeIsNamed(name: String) {
        let line = line {
            $0.integers[name] = nil
            $0.strings[name] = nil
        }
        #expect(line.contains("\(name) is not an attribute of the file"))
        #expect(line.contains("foreign.h5"))
    }

    @Test func attributeOfAnotherTypeIsNamed() {
        let number = line {
            $0.strings["vocabulary_size"] = "10"
            $0.integers["vocabulary_size"] = nil
        }
        #expect(number.contains("vocabulary_size is not an integer of at most 64 bits"))
        let text = line {
            $0.integers["tokenizer_name"] = 5
            $0.strings["tokenizer_name"] = nil
        }
        #expect(text.contains("tokenizer_name is not a fixed-length string"))
        let long = line { $0.strings["tokenizer_name"] = String(repeating: "x", count: 5000) }
        #expect(long.contains("tokenizer_name is a string that is too long"))
    }

    @Test func valuesOutsideTheContractAreRefused() {
        #expect(
            line { $0.integers["format_version"] = 2 }
                .contains("another format version: expected 1, got 2"))
        #expect(line { $0.integers["vocabulary_size"] = 0 }.contains("expected 1 to 2147483647"))
        #expect(
            line { $0.integers["end_of_text_id"] = 10 }.contains("expected -1 to 9, got 10"))
    }

    @Test func missingDatasetIsNamed() {
        #expect(line { $0.tokensName = "ids" }.contains("tokens is not in the file"))
    }

    @Test func offsetsThatDoNotFitTheTokensAreRefused() {
        #expect(line { $0.offsets = [0, 2] }.contains("expected 0 to 3, got 0 to 2"))
        #expect(line { $0.offsets = [1, 3] }.contains("expected 0 to 3, got 1 to 3"))
        #expect(line { $0.offsets = [] }.contains("expected documents + 1 entries, got none"))
    }
}
