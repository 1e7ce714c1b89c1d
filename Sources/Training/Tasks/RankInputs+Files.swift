import CKernels
import Collectives
import Datasets
import Files
import ModelFiles
import Models
import Tokenizers

extension RankInputs {
    /// Files that are read whole, by their sizes and hashes.
    package init(files paths: [String]) throws {
        let files = try paths.flatMap { path in
            guard try DirectoryEntries.isFolder(path) else { return [path] }
            return try DirectoryEntries.tree(of: path).files.map { "\(path)/\($0)" }
        }
        self.init(
            try files.map { path in
                let file = try FileHash.hash(ofFile: path)
                return Item(path, "\(file.size) bytes of SHA-256 \(file.sha256)")
            })
    }

    /// Texts and their labels, one by one.
    package init(_ texts: [LabelledText]) {
        self.init(
            texts.map { text in
                var hash = FileHash()
                hash.update(text: text.label.map { "\($0): \(text.text)" } ?? text.text)
                return Item(text.place, "a text of SHA-256 \(hash.finish().sha256)")
            })
    }

    /// Token shards, by what opening them shows.
    package init(_ stream: TokenStream) {
        self.init(zip(stream.paths, stream.shardFacts).map { Item($0, "\($1)") })
    }

    /// A tokenizer, by the tokenizer.json that it was read from or is equal to.
    package init(_ tokenizer: any Tokenizer, at path: String) {
        self.init([Item(path, "a tokenizer of SHA-256 \(tokenizer.tokenizerSHA256)")])
    }

    /// A model whose weights every rank has read, by their bits.
    package init(_ model: LanguageModel, at path: String) {
        let values = model.parameters.values.buffer
        let hash = model.parameters.quantizedMatrices.reduce(
            values.baseAddress.map { kernel_hash($0, values.count) } ?? 0
        ) { hash, matrix in
            let own = matrix.bytes.bindMemory(to: Float.self)
            return 31 &* hash &+ (own.baseAddress.map { kernel_hash($0, own.count) } ?? 0)
        }
        self.init([Item(path, "\(model.configuration.summary) of hash \(hash)")])
    }

    /// The sizes of a model.
    package init(_ configuration: DecoderConfiguration, at path: String) {
        // A description of the value would print its sets in an order that is each process's own.
        let sizes = HuggingFaceConfiguration(model: configuration, endOfTextIDs: []).json.text()
        self.init([Item(path, "\(sizes), dropout \(configuration.dropoutRate)")])
    }

    package static func + (left: RankInputs, right: RankInputs) -> RankInputs {
        RankInputs(left.items + right.items)
    }
}
