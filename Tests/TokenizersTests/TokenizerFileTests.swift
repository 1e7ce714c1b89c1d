import Diagnostics
import Testing
import Tokenizers

struct TokenizerFileTests {
    @Test func fileAndItsDirectoryLoadTheSame() throws {
        let json = try Fixture.bytes("character-tokenizer.json")
        try withFolder(["tokenizer.json": json]) { folder in
            for path in [folder, folder + "/", folder + "/tokenizer.json"] {
                let loaded = try TokenizerFile.load(path)
                #expect(loaded.tokenizerJSON == json)
            }
        }
    }

    @Test func missingFileIsNamed() throws {
        try withFolder([:]) { folder in
            for path in [folder, folder + "/none.json"] {
                let failure = try #require(throws: Failure.self) { try TokenizerFile.load(path) }
                #expect(failure.place == path)
            }
        }
    }

    @Test(arguments: ["tokenizer.json", "tokenizer.model"])
    func tokenizersOfOtherFormatsAreNamed(file: String) throws {
        for (bytes, name) in [
            ([0x1F, 0x8B, 8, 0], "a gzip file"), ([0x28, 0xB5, 0x2F, 0xFD], "a zstd file"),
            (Array("IQ== 0\nIg== 1\n".utf8), "a tiktoken file"),
            ([0x80, 4, 0x95], "a Python pickle"),
            (Array("version https://git-lfs.github.com/spec/v1\n".utf8), "a pointer of Git LFS"),
        ] as [([UInt8], String)] {
            try withFolder([file: bytes]) { folder in
                for path in [folder, folder + "/" + file] {
                    let failure = try #require(throws: Failure.self) {
                        try TokenizerFile.load(path)
                    }
                    #expect(failure.got == name && failure.place == folder + "/" + file)
                }
            }
        }
    }

    @Test func everyTruncationIsRefused() throws {
        let json = try Fixture.bytes("character-tokenizer.json")
        for count in 0..<json.count {
            #expect(throws: Failure.self) {
                try TokenizerFile.parse(Array(json[..<count]), at: "memory")
            }
        }
    }

    @Test(arguments: [
        (#""a": 0, "b": 99999"#, "0..<65538"), (#""a": 0, "b": 0"#, "one nonempty token"),
        (#""a": 0, "b": -1"#, "0..<2"), (#""a": 0, "b": 1.5"#, "0..<2"),
        (#""a": 0, "b": "1""#, "0..<2"), (#""a": 0, "a": 1"#, "every name once"),
        (#""a": 0, "": 1"#, "one nonempty token"), (#""a": 0, "bc": 1"#, "one code point"),
        (#""a": 0, "b": 99999999999999999999"#, "0..<2"), ("", "at least one token"),
    ])
    func wrongVocabularyIsRefused(members: String, expected: String) throws {
        let json = Self.document(vocabulary: members)
        let failure = try #require(throws: Failure.self) {
            try TokenizerFile.parse(json, at: "memory")
        }
        #expect(failure.expected?.contains(expected) == true, "\(failure)")
        #expect(failure.place?.hasPrefix("memory") == true)
    }

    @Test func documentOfTheseTestsIsOtherwiseRead() throws {
        let json = Self.document(vocabulary: #""b": 1, "\ud83d\ude00": 0"#)
        #expect(try TokenizerFile.parse(json, at: "memory").encode("b\u{1F600}") == [1, 0])
    }

    private static func document(vocabulary: String) -> [UInt8] {
        Array(
            """
            {"added_tokens": [], "normalizer": null, "pre_tokenizer": null,
             "decoder": {"type": "Fuse"},
             "model": {"type": "BPE", "vocab": {\(vocabulary)}, "merges": []}}
            """.utf8)
    }
}
