import JSON
import Tokenizers
import Web

/// The requests about tokens: `/tokenize`, `/detokenize`, `/tokenizer_info`, `/apply-template`.
enum TokenRequests {
    /// A text, under the name of vLLM or of llama.cpp, or messages, as ids.
    static func tokenize(
        _ request: RequestFields, _ model: ServedModel
    ) throws(APIFailure) -> WebReply {
        let ids: [Int32]
        if request["messages"] != nil {
            ids = try ChatMessages(request).prompt(for: model)
        } else {
            let content = try request.string("content")
            guard let text = try request.string("prompt") ?? content else {
                throw request.wrong("prompt", expected: "a text")
            }
            let isWhole = try request.boolean("add_special_tokens") ?? (request["prompt"] != nil)
            do {
                let encoded = try model.tokenizer.encode(text)
                ids = isWhole && !text.isEmpty ? try model.tokenizer.start(of: encoded) : encoded
            } catch { throw APIFailure(error) }
        }
        return WebReply([
            "count": .integer(ids.count), "max_model_len": .integer(model.contextLength),
            "tokens": .array(ids.map { .integer(Int($0)) }),
        ])
    }

    static func detokenize(
        _ request: RequestFields, _ model: ServedModel
    ) throws(APIFailure) -> WebReply {
        var ids: [Int32] = []
        for value in try request.array("tokens") ?? [] {
            guard let id = value.integer.flatMap(Int32.init(exactly:)) else {
                throw request.wrong("tokens", expected: "token ids", value)
            }
            ids.append(id)
        }
        do {
            let text = JSONValue.string(try model.tokenizer.decode(ids))
            return WebReply(["prompt": text, "content": text])
        } catch { throw APIFailure(error) }
    }

    static func information(_ model: ServedModel) -> WebReply {
        let tokenizer = model.tokenizer
        func text(_ id: Int32?) -> JSONValue {
            id.map { .string(model.text(of: $0)) } ?? .null
        }
        let end = tokenizer.endOfTextID ?? tokenizer.endOfText.ids.first
        return WebReply([
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": text(tokenizer.beginningOfTextID), "eos_token": text(end),
            "pad_token": text(end), "vocab_size": .integer(tokenizer.vocabularySize),
            "model_max_length": .integer(model.contextLength),
            "chat_template": model.template.map { .string($0.jinja) } ?? .null,
        ])
    }

    static func applyTemplate(
        _ request: RequestFields, _ model: ServedModel
    ) throws(APIFailure) -> WebReply {
        let isPrompt = try request.boolean("add_generation_prompt") ?? true
        let messages = try ChatMessages(request)
        let style = messages.tools.isNull ? nil : ToolStyle(model.template)
        let text = try messages.text(for: model, tools: style, isPrompt: isPrompt)
        return WebReply(["prompt": .string(text)])
    }
}
