import Generation
import JSON
import Models
import Serving
import Tensors
import Testing
import Tokenizers
import Web

/// A service of a tiny model of random weights, whose tokens are the characters of ASCII.
struct TinyService: Sendable {
    static let contextLength = 96
    let service: ModelService
    let engine: EngineThread

    init(keys: [String] = [], slotCount: Int = 2, queueLength: Int = 256) throws {
        let text = "\n" + String(String.UnicodeScalarView((32..<127).map { Unicode.Scalar($0) }))
        let tokenizer = try CharacterTokenizer(text: text)
        let model = LanguageModel(
            .llama(
                vocabularySize: tokenizer.vocabularySize, contextLength: Self.contextLength,
                embeddingSize: 32, layerCount: 2, headCount: 4, keyValueHeadCount: 2, mlpSize: 48),
            device: Device(threadCount: 1).byRow)
        model.initialize(seed: 1)
        for parameter in model.parameters.parameters where parameter.shape.count == 2 {
            model.device.fillNormal(
                model.parameters.value(of: parameter), deviation: 0.4, stream: parameter.index,
                seed: 3)
        }
        let served = ServedModel(
            name: "tiny", path: "/models/tiny", model: model, tokenizer: tokenizer,
            template: try ChatTemplate.named("chatml", for: tokenizer),
            contextLength: Self.contextLength, created: 1)
        engine = EngineThread {
            DecodingEngine(
                tokenizer: tokenizer, slotCount: slotCount, contextLength: Self.contextLength)
        }
        service = ModelService(
            models: [served],
            loader: ModelLoader(
                device: model.device, options: ServingOptions(), prepare: { _ in }),
            engine: engine, slotCount: slotCount, queueLength: queueLength,
            keys: APIKeys(keys), crossOrigin: nil)
    }

    func reply(
        _ path: String, _ body: String? = nil, key: String? = nil
    ) async throws -> (status: Int, json: JSONValue) {
        let reply = await finished(
            WebRequest(
                method: body == nil ? "GET" : "POST", path: path,
                headers: key.map { ["authorization": "Bearer \($0)"] } ?? [:],
                body: Array((body ?? "").utf8)))
        guard case .bytes(let bytes) = reply.body else { return (reply.status, .null) }
        return (reply.status, try JSONValue(parsing: bytes, at: path))
    }

    /// The events of a stream.
    func events(_ path: String, _ body: String) async throws -> [JSONValue] {
        let reply = await finished(
            WebRequest(method: "POST", path: path, body: Array(body.utf8)))
        guard case .stream(let write) = reply.body else { return [] }
        let (stream, continuation) = AsyncStream<[UInt8]>.makeStream()
        try await write(WebStream { continuation.yield($0) })
        continuation.finish()
        var events: [JSONValue] = []
        for await part in stream {
            let line = String(decoding: part, as: UTF8.self)
            #expect(line.hasPrefix("data: ") && line.hasSuffix("\n\n"))
            let data = line.dropFirst(6).dropLast(2)
            if data == "[DONE]" {
                events.append("[DONE]")
            } else {
                events.append(try JSONValue(parsing: Array(data.utf8), at: path))
            }
        }
        return events
    }

    func finished(_ request: WebRequest) async -> WebReply {
        var reply = await service.reply(to: request)
        while case .later(let work) = reply.body { reply = await work() }
        return reply
    }
}
