import Foundation

/// One line of what a user types.
package enum ChatInput: Equatable {
    case message(String)
    case reset
    case save(path: String)
    case help
    case exit
    case nothing
    /// A word with a slash that is no command.
    case unknown(String)

    package static let helpText = """
        Type a message and press Enter. A message that begins with / has a space before it.
          /reset      forget the conversation and begin a new one
          /save FILE  write the conversation as JSON, which fine-tuning reads
          /help       this text
          /exit       end; so does Ctrl-D (Ctrl-C ends an answer)
        """

    package init(line: String) {
        let words = line.split(maxSplits: 1, whereSeparator: \.isWhitespace).map(String.init)
        guard let word = words.first else {
            self = .nothing
            return
        }
        guard line.hasPrefix("/") else {
            self = .message(line.trimmingSpace)
            return
        }
        switch word {
        case "/reset": self = .reset
        case "/save": self = .save(path: words.count > 1 ? words[1].trimmingSpace : "")
        case "/help": self = .help
        case "/exit", "/quit": self = .exit
        default: self = .unknown(word)
        }
    }
}

extension String {
    /// The text without white space at both ends.
    var trimmingSpace: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
