/// The published .tiktoken files, by their SHA-256.
extension TiktokenFile {
    private static let end = (name: "<|endoftext|>", id: 50_256)

    static let published: [String: Encoding] = [
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7": Encoding(
            pattern: KnownPatterns.tiktokenCL100k,
            specialTokens: [
                ("<|endoftext|>", 100_257), ("<|fim_prefix|>", 100_258),
                ("<|fim_middle|>", 100_259), ("<|fim_suffix|>", 100_260),
                ("<|endofprompt|>", 100_276),
            ]),
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d": Encoding(
            pattern: KnownPatterns.o200k,
            specialTokens: [("<|endoftext|>", 199_999), ("<|endofprompt|>", 200_018)]),
        "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930": Encoding(
            pattern: KnownPatterns.tiktokenGPT2, specialTokens: [end]),
        "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069": Encoding(
            pattern: KnownPatterns.tiktokenGPT2, specialTokens: [end]),
        "82e9d31979e92ab929cd544440f129d9ecd797b69e327f80f17e1c50d5551b55": Encoding(
            pattern: KnownPatterns.llama3, specialTokens: llama3),
    ]

    /// The 256 special tokens of Llama 3.
    private static let llama3: [(name: String, id: Int)] = {
        let named = [
            0: "<|begin_of_text|>", 1: "<|end_of_text|>", 6: "<|start_header_id|>",
            7: "<|end_header_id|>", 9: "<|eot_id|>",
        ]
        var reserved = 0
        return (0..<256).map { index in
            if let name = named[index] { return (name, 128_000 + index) }
            defer { reserved += 1 }
            return ("<|reserved_special_token_\(reserved)|>", 128_000 + index)
        }
    }()
}
