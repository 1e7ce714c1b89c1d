import Diagnostics
import Files
import Models
import Tensors
import Tokenizers

/// A model on the disk, whatever its format: its configuration and the names and shapes of its tensors
/// are checked; its weights are read when they are asked for.
package protocol StoredModel: Sendable {
    /// The directory or the file.
    var path: String { get }
    var configuration: HuggingFaceConfiguration { get }

    /// The shape of a tensor, by its Hugging Face name; nil where there is none.
    func shape(ofTensor name: String) -> [Int]?

    /// The file that contains a tensor, by its Hugging Face name.
    func file(ofTensor name: String) -> String

    /// Reads elements of one tensor, by its Hugging Face name and in its Hugging Face layout, as Float.
    ///
    /// - Parameter elements: nil reads all.
    /// - Precondition: the buffer has exactly as many elements as are read.
    func readTensor(
        named name: String, _ elements: Range<Int>?,
        into buffer: UnsafeMutableBufferPointer<Float>
    ) throws(Failure)

    /// The type in which a matrix can stay in memory, by its Hugging Face name; nil for tensors that are
    /// read as floats.
    func quantizedType(ofTensor name: String) -> QuantizedType?

    /// Reads a matrix that stays quantised, by its Hugging Face name.
    ///
    /// - Precondition: `matrix` has its type, and its sizes [out, in].
    func readQuantized(
        named name: String, into matrix: QuantizedMatrix, on device: Device
    ) throws(Failure)

    /// The tokenizer that lies with the model.
    func tokenizer() throws -> any Tokenizer

    /// tokenizer_config.json, with the chat template; nil where there is none.
    func tokenizerConfigurationJSON() throws -> [UInt8]?

    /// The chat template; nil where there is none.
    func chatTemplate() throws -> ChatTemplate?
}

extension StoredModel {
    package var model: DecoderConfiguration { configuration.model }
}

/// The formats in which models lie on the disk.
package enum StoredModelFormat {
    /// Opens what a path names: a GGUF file, else a Hugging Face directory.
    ///
    /// - Throws: `Failure` for what is neither, and for one that is damaged or not computed.
    package static func open(_ path: String) throws(Failure) -> any StoredModel {
        if try GGUFHeader.begins(path) { return try GGUFSource(reading: path) }
        return try ModelDirectory(reading: path)
    }

    /// Loads the tokenizer that a path names: that of a GGUF file, else a tokenizer's own file or
    /// directory.
    package static func tokenizer(_ path: String) throws -> any Tokenizer {
        guard try GGUFHeader.begins(path) else { return try tokenizer(ofDirectory: path) }
        return try GGUFTokenizer(reading: path).tokenizer()
    }

    /// Loads the tokenizer of a directory or a file, which knows what ends an answer in the chat template
    /// beside it.
    ///
    /// - Parameter base: the model of an adapter, which may say more about ends of texts.
    static func tokenizer(
        ofDirectory path: String, beside base: String? = nil
    ) throws -> any Tokenizer {
        var ends = EndOfText.Declared()
        if let base, base != path { ends = try EndOfText.Declared(directory: base) }
        // A template that cannot be used is told where it is wanted.
        let template = try? ChatTemplate.load(directory: path)
        ends.answerEnd = template?.answerEndToken
        return try TokenizerFile.load(path, ends: ends)
    }
}

extension ModelDirectory: StoredModel {
    package func shape(ofTensor name: String) -> [Int]? { tensor(named: name)?.shape }

    package func tokenizer() throws -> any Tokenizer {
        try StoredModelFormat.tokenizer(ofDirectory: path)
    }

    package func chatTemplate() throws -> ChatTemplate? { try ChatTemplate.load(directory: path) }

    package func tokenizerConfigurationJSON() throws -> [UInt8]? {
        try Self.tokenizerConfigurationJSON(in: path)
    }

    /// The tokenizer_config.json of a directory; nil where there is none.
    static func tokenizerConfigurationJSON(in directory: String) throws -> [UInt8]? {
        let file = "\(directory)/\(tokenizerConfigurationName)"
        return try DirectoryEntries.isThere(file, followsLinks: true)
            ? FileReader.bytes(of: file) : nil
    }
}

extension GGUFSource: StoredModel {
    package func shape(ofTensor name: String) -> [Int]? { tensor(named: name)?.shape }

    package func file(ofTensor name: String) -> String { path }

    package func tokenizer() throws -> any Tokenizer { try GGUFTokenizer(metadata).tokenizer() }

    package func chatTemplate() throws -> ChatTemplate? {
        let length = configuration.model.contextLength
        return try ChatTemplate(
            configuration: GGUFTokenizer(metadata).configuration(maximumLength: length), at: path)
    }

    package func tokenizerConfigurationJSON() throws -> [UInt8]? {
        try GGUFTokenizer(metadata)
            .configuration(maximumLength: configuration.model.contextLength).rendered(.tokenizer)
    }
}
