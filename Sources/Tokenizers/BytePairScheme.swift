/// How a byte-pair tokenizer cuts text, and what it starts to merge from.
struct BytePairScheme: Equatable, Sendable {
    /// The symbols with which the merges begin.
    enum Symbols: Sendable {
        /// The 256 bytes, as in GPT-2 and Llama 3.
        case bytes
        /// The characters, with U+2581 for a space; bytes for a character without a token, as in
        /// SentencePiece and Llama 2.
        case characters
    }

    /// The places where a space is put before the text, so that its first word is spelled as all
    /// others.
    enum SpacePrefix: Sendable {
        case none
        /// A space is put before each part between added tokens.
        case everyPart
        /// A space is put before each part that does not begin with one.
        case everyPartWithoutSpace
        /// A space is put before the text, unless it begins with a space or an added token.
        case startWithoutSpace
    }

    var symbols = Symbols.bytes
    var pattern = PreTokenizer.Pattern.gpt2
    var spacePrefix = SpacePrefix.none
    /// Whether decoding takes one space off the front of the text.
    var stripsSpace = false
    /// Whether a piece that is a token is that token, whatever the merges are.
    var takesWholePieces = false
    /// The token that the file puts before every text.
    var beginningOfTextID: Int32?

    static let gpt2 = BytePairScheme()
}
