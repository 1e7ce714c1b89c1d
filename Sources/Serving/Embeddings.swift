import Foundation
import Generation
import JSON
import Web

/// `/v1/embeddings`: vectors of texts.
struct Embeddings {
    private let queue: TextQueue
    private let model: ServedModel
    private let texts: [[Int32]]
    private let isBase64: Bool

    init(
        _ request: RequestFields, model: ServedModel, queue: TextQueue
    ) throws(APIFailure) {
        (self.model, self.queue) = (model, queue)
        guard request["input"] != nil else {
            throw request.wrong("input", expected: "a text, token ids, or a list of these")
        }
        texts = try Completions.prompts(request, model, field: "input")
        for text in texts where text.count > model.contextLength {
            throw APIFailure(
                "This model's maximum context length is \(model.contextLength) tokens, however you "
                    + "requested \(text.count) tokens.", field: "input",
                code: "context_length_exceeded")
        }
        let format = try request.string("encoding_format") ?? "float"
        guard ["float", "base64"].contains(format) else {
            throw request.wrong("encoding_format", expected: "float or base64")
        }
        isBase64 = format == "base64"
        if let size = try request.integer("dimensions", 1...Int(Int32.max)),
            size != model.model.configuration.embeddingSize
        {
            throw request.wrong(
                "dimensions", expected: "\(model.model.configuration.embeddingSize)")
        }
    }

    func reply() -> WebReply {
        .later {
            do throws(APIFailure) {
                return WebReply(json(try await queue.embeddings(of: texts, model)))
            } catch { return error.reply }
        }
    }

    private func json(_ vectors: [[Float]]) -> JSONValue {
        let count = texts.reduce(0) { $0 + $1.count }
        return [
            "object": "list",
            "data": .array(
                vectors.enumerated().map { index, vector in
                    [
                        "object": "embedding", "index": .integer(index),
                        "embedding": isBase64
                            ? .string(base64(vector)) : .array(vector.map { .float($0) }),
                    ]
                }),
            "model": .string(model.name),
            "usage": ["prompt_tokens": .integer(count), "total_tokens": .integer(count)],
        ]
    }

    /// The bytes of the numbers, the lowest first.
    private func base64(_ vector: [Float]) -> String {
        let bytes = vector.flatMap { value in
            (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
        }
        return Data(bytes).base64EncodedString()
    }
}
