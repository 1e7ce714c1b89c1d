import Diagnostics
import Files
import Foundation
import Generation
import Runs
import Signals
import Tokenizers

/// `chat`: messages from standard input, answers as they come.
///
/// Answers go to standard output, words about them to standard error: what is piped holds answers
/// alone.
struct ChatPhase {
    private let options: GenerateOptions
    private let generator: TextGenerator
    private let contextLength: Int
    private let template: ChatTemplate
    private let isTerminal = isatty(STDIN_FILENO) == 1
    private let interrupts: (chat: ChatInterrupts, registration: Interrupts)?
    private var history: ChatHistory
    /// The number of answers so far: each has random numbers of its own.
    private var answerCount = 0

    init(
        compute: ComputeResources, options: GenerateOptions, model directory: String,
        base: String?, system: String?
    ) throws {
        let (model, tokenizer) = try GeneratePhase(compute: compute).load(
            directory, base: base, options, tokenCount: .max)
        self.options = options
        template = try ChatTemplate.template(
            options.template, model: directory, base: base, tokenizer: tokenizer)
        generator = TextGenerator(
            model: model, tokenizer: tokenizer,
            draftSource: try .load(options.draft, besides: tokenizer, device: model.device),
            cacheFormat: options.cache)
        contextLength = model.configuration.contextLength
        history = ChatHistory(template: template, tokenizer: tokenizer, system: system)
        interrupts = isTerminal ? ChatInterrupts.start() : nil
        if isTerminal { note("template \(template.name); /help lists the commands") }
    }

    /// Talks until /exit or the end of the input.
    mutating func run() throws {
        while let line = nextLine() {
            interrupts?.chat.noteLine()
            switch ChatInput(line: line) {
            case .message(let text): try answer(text)
            case .reset:
                history.reset()
                note("a new conversation")
            case .save(let path): save(path)
            case .help: note(ChatInput.helpText)
            case .exit: return
            case .nothing: break
            case .unknown(let word): note("unknown command \(word); /help lists them")
            }
        }
        if isTerminal { Console.line("") }
    }

    private func nextLine() -> String? {
        if isTerminal { Console.write("> ") }
        return readLine()
    }

    /// A message that cannot be encoded is taken back.
    private mutating func answer(_ message: String) throws {
        history.append(.user, message)
        // Half of the context is enough for any history to leave room for an answer.
        let room = min(options.maximumTokens, max(1, contextLength / 2))
        let known = history.forgottenCount
        let prompt: (ids: [Int32], isCut: Bool)
        do {
            prompt = try history.prompt(limit: contextLength - room)
        } catch let failure as Failure {
            history.removeLast()
            return note(failure.line)
        }
        tell(prompt, known: known)
        let text = try write(after: prompt.ids)
        history.append(.assistant, text.trimmingSpace)
    }

    private func tell(_ prompt: (ids: [Int32], isCut: Bool), known: Int) {
        let count = history.forgottenCount
        if count > known {
            note(
                "the context of \(contextLength) tokens is full: the model no longer sees the first "
                    + (count == 1 ? "turn" : "\(count) turns"))
        }
        if prompt.isCut {
            note("the message is too long: the model sees its last \(prompt.ids.count) tokens")
        }
    }

    /// Prints the answer as it comes, without the space that the template puts before it.
    private mutating func write(after prompt: [Int32]) throws -> String {
        var text = ""
        let sampler = TokenSampler(options.sampling, sample: answerCount)
        let limit = min(options.maximumTokens, contextLength - prompt.count)
        interrupts?.chat.beginAnswer()
        let isCancelled = { [interrupts] in interrupts?.chat.hasInterrupted ?? false }
        let isWhole = try generator.generateText(
            after: prompt, maximumTokens: limit, sampler: sampler,
            stops: template.stops + options.stop, isCancelled: isCancelled
        ) { part in
            Console.write(text.isEmpty ? String(part.drop(while: \.isWhitespace)) : part)
            text += text.isEmpty ? String(part.drop(while: \.isWhitespace)) : part
        }
        Console.line("")
        if interrupts?.chat.endAnswer() == true {
            note("the answer was interrupted")
        } else if !isWhole {
            note("the answer was cut after \(limit) tokens")
        }
        answerCount += 1
        return text
    }

    private func save(_ path: String) {
        guard !path.isEmpty else { return note("name a file: /save FILE") }
        do {
            try PublishedFile.write(history.json.rendered(.configuration), to: path)
            note("saved \(path)")
        } catch {
            note("\(error)")
        }
    }

    private func note(_ text: String) { Console.write(text + "\n", to: .standardError) }
}
