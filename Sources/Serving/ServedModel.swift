import Generation
import JSON
import Models
import Synchronization
import Tokenizers

/// A model that is served under a name.
///
/// The model itself is touched on the thread of the engine alone.
package final class ServedModel: @unchecked Sendable {
    let name: String
    package let model: LanguageModel
    let tokenizer: any Tokenizer
    /// Nil for a model that cannot chat.
    let template: ChatTemplate?
    /// Where it was loaded from.
    let path: String
    /// The second in which it was loaded.
    let created: Int
    /// The name of the model that it adapts.
    let root: String?
    let contextLength: Int
    private let grammars = Mutex(Grammars())

    /// Grammars by what they were made of, with the tokens as a tree.
    private struct Grammars {
        var tree: TokenTree?
        var known: [String: TokenGrammar] = [:]
    }

    private static let mostGrammars = 256

    package init(
        name: String, path: String, model: LanguageModel, tokenizer: any Tokenizer,
        template: ChatTemplate?, contextLength: Int, created: Int, root: String? = nil
    ) {
        (self.name, self.path, self.model) = (name, path, model)
        (self.tokenizer, self.template) = (tokenizer, template)
        (self.contextLength, self.created, self.root) = (contextLength, created, root)
    }

    /// A grammar for the tokens of the model.
    ///
    /// - Parameters:
    ///   - name: what it is made of, by which it is kept.
    ///   - rules: makes its rules, of which the first is the whole text.
    func grammar(
        _ name: String, _ rules: () throws -> [ByteGrammar]
    ) throws(APIFailure) -> TokenGrammar {
        do {
            return try grammars.withLock { kept in
                if let grammar = kept.known[name] { return grammar }
                let tree = kept.tree ?? TokenTree(tokenizer)
                kept.tree = tree
                let grammar = try TokenGrammar(rules(), tree)
                if kept.known.count >= Self.mostGrammars { kept.known = [:] }
                kept.known[name] = grammar
                return grammar
            }
        } catch { throw APIFailure(error) }
    }

    var json: JSONValue {
        [
            "id": .string(name), "object": "model", "created": .integer(created),
            "owned_by": "swift-llm-train", "root": .string(root ?? name),
            "parent": root.map { .string($0) } ?? .null,
            "max_model_len": .integer(contextLength),
        ]
    }

    /// The text of a token; bytes that form no character become U+FFFD.
    func text(of id: Int32) -> String { (try? tokenizer.decode(bytesOf: id)) ?? "" }

    func bytes(of id: Int32) -> [UInt8] { (try? tokenizer.bytes(of: [id])) ?? [] }
}

extension Tokenizer {
    fileprivate func decode(bytesOf id: Int32) throws -> String {
        String(decoding: try bytes(of: [id]), as: UTF8.self)
    }
}
