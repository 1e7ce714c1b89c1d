/// Finds the choices that a story was made of: the proof that its text determines them.
package struct StoryReader: StoryVoice {
    package private(set) var choices: [Int] = []
    /// The sum of -log2 p over the choices found.
    package private(set) var bits = 0.0

    private let text: [UInt8]
    private var position = 0
    /// Whether the text is not one of the grammar's; from there on nothing counts.
    private var isLost = false

    private init(_ text: String) { self.text = Array(text.utf8) }

    /// - Returns: nil where the grammar does not make this text, or where two options of a choice
    ///   fit it.
    package static func read(_ text: String) -> StoryReader? {
        var story = Story(StoryReader(text))
        story.tell()
        let reader = story.voice
        return reader.isLost || reader.position != reader.text.count ? nil : reader
    }

    package mutating func say(_ text: String) {
        if comesNext(text) { position += text.utf8.count } else { isLost = true }
    }

    package mutating func choose(_ options: [String], weights: [Int]) -> Int {
        let fitting = options.indices.filter { comesNext(options[$0]) }
        guard !isLost, fitting.count == 1, let index = fitting.first else {
            isLost = true
            return 0
        }
        choices.append(index)
        bits += ChoiceDistribution(optionCount: options.count, weights: weights).bits(of: index)
        position += options[index].utf8.count
        return index
    }

    private func comesNext(_ text: String) -> Bool {
        self.text[position...].starts(with: text.utf8)
    }
}
