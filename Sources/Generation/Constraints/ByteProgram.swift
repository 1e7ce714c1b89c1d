import Diagnostics

/// A grammar as instructions, which threads with stacks of calls carry out.
struct ByteProgram: Sendable {
    enum Instruction: Sendable {
        case set(ByteSet)
        /// Goes on at both places.
        case split(Int, Int)
        case jump(Int)
        /// Goes on at the rule, and behind this instruction when the rule is done.
        case call(Int)
        case done
        /// No text goes on here.
        case stuck
    }

    private(set) var instructions: [Instruction] = []
    /// Where the rules begin; the first is the whole text.
    private(set) var starts: [Int]
    /// The fewest bytes from an instruction to the end of its rule.
    private(set) var needs: [Int] = []
    private let rulesWithText: [Bool]

    /// What an instruction needs that no text leads on from.
    static let endless = 1 << 40
    static let mostInstructions = 400_000

    /// - Parameter rules: the first is the whole text.
    /// - Throws: `Failure` for a grammar without a text, and for one that is too large.
    init(_ rules: [ByteGrammar]) throws {
        rulesWithText = Self.rulesWithText(rules)
        starts = []
        guard rulesWithText[0] else {
            throw Failure("no text satisfies the constraint")
        }
        for rule in rules {
            starts.append(instructions.count)
            try add(rule)
            instructions.append(.done)
        }
        findNeeds()
    }

    /// From the last instruction to the first, until nothing changes: jumps back and calls wait for what
    /// stands before them.
    private mutating func findNeeds() {
        needs = instructions.map { _ in Self.endless }
        var hasChanged = true
        while hasChanged {
            hasChanged = false
            for place in instructions.indices.reversed() {
                let need =
                    switch instructions[place] {
                    case .set: needs[place + 1] + 1
                    case .split(let a, let b): min(needs[a], needs[b])
                    case .jump(let target): needs[target]
                    case .call(let rule): needs[starts[rule]] + needs[place + 1]
                    case .done: 0
                    case .stuck: Self.endless
                    }
                guard need < needs[place] else { continue }
                (needs[place], hasChanged) = (need, true)
            }
        }
    }

    private static func rulesWithText(_ rules: [ByteGrammar]) -> [Bool] {
        var known = rules.map { _ in false }
        while true {
            let next = rules.map { $0.hasText(known) }
            if next == known { return known }
            known = next
        }
    }

    private mutating func add(_ grammar: ByteGrammar) throws {
        guard instructions.count < Self.mostInstructions else {
            throw Failure(
                "the constraint is too large", expected: "at most \(Self.mostInstructions) steps",
                got: "more", remedy: "lower the numbers of repeats in it")
        }
        switch grammar {
        case .literal(let bytes):
            for byte in bytes { instructions.append(.set(ByteSet([byte...byte]))) }
        case .set(let set): instructions.append(.set(set))
        case .sequence(let parts): for part in parts { try add(part) }
        case .alternatives(let parts): try addAlternatives(parts)
        case .repeated(let part, let minimum, let maximum):
            for _ in 0..<minimum { try add(part) }
            try addRepeats(part, more: maximum.map { $0 - minimum })
        case .rule(let number): instructions.append(.call(number))
        }
    }

    private mutating func addAlternatives(_ parts: [ByteGrammar]) throws {
        let parts = parts.filter { $0.hasText(rulesWithText) }
        guard let last = parts.last else { return instructions.append(.stuck) }
        var ends: [Int] = []
        for part in parts.dropLast() {
            let split = instructions.count
            instructions.append(.stuck)
            try add(part)
            ends.append(instructions.count)
            instructions.append(.stuck)
            instructions[split] = .split(split + 1, instructions.count)
        }
        try add(last)
        for end in ends { instructions[end] = .jump(instructions.count) }
    }

    /// - Parameter more: nil for as many as one likes.
    private mutating func addRepeats(_ part: ByteGrammar, more: Int?) throws {
        guard part.hasText(rulesWithText) else { return }
        guard let more else {
            let split = instructions.count
            instructions.append(.stuck)
            try add(part)
            instructions.append(.jump(split))
            instructions[split] = .split(split + 1, instructions.count)
            return
        }
        var splits: [Int] = []
        for _ in 0..<max(0, more) {
            splits.append(instructions.count)
            instructions.append(.stuck)
            try add(part)
        }
        for split in splits { instructions[split] = .split(split + 1, instructions.count) }
    }
}
