import Diagnostics

/// Matches a program against one text by going back where a way fails, in bounded steps.
struct ExpressionMatcher {
    /// The most steps that one match may take.
    static let maximumSteps = 1_000_000

    private struct Frame {
        enum Kind { case branch, greedyRun, lazyRun, slot }

        var kind: Kind
        /// The instruction to go on at, or the slot.
        var target: Int
        var position: Int
        /// How far a greedy run may go back, how many more code points a lazy one may take, or what
        /// the slot held.
        var rest: Int
        var set = 0
    }

    private let program: ExpressionProgram
    private let text: UnsafeBufferPointer<UInt8>
    private let base: UnsafePointer<UInt8>
    private var stack: [Frame] = []
    private var slots: [Int]
    private var steps = 0
    private var limit = maximumSteps

    /// - Parameter text: well-formed UTF-8, not empty.
    init(_ program: ExpressionProgram, _ text: UnsafeBufferPointer<UInt8>) {
        self.program = program
        self.text = text
        base = text.baseAddress.unsafelyUnwrapped
        slots = [Int](repeating: -1, count: program.slotCount)
    }

    /// The first match from an offset on; nil where there is none.
    ///
    /// - Throws: `Failure` for a match that takes more than `maximumSteps`.
    mutating func firstMatch(from offset: Int) throws -> Range<Int>? {
        steps = 0
        var start = offset
        while start <= text.count {
            // Places where no match begins cost a few steps each, however many they are.
            limit = Self.maximumSteps + 16 * (start - offset)
            if mayBegin(at: start) {
                stack.removeAll(keepingCapacity: true)
                if let end = try run(from: 0, at: start) { return start..<end }
            }
            guard start < text.count else { return nil }
            start += (base + start).codePoint.length
        }
        return nil
    }

    private func mayBegin(at offset: Int) -> Bool {
        guard let first = program.firstSet else { return true }
        return offset < text.count && first.contains((base + offset).codePoint.value)
    }

    /// The end of the match of the instructions from `start` up to their `accept`.
    ///
    /// - Throws: `Failure` where the steps are used up.
    private mutating func run(from start: Int, at offset: Int) throws -> Int? {
        let bottom = stack.count
        var (next, position) = (start, offset)
        while true {
            try count(1)
            var isMatch = true
            switch program.instructions[next] {
            case .accept:
                return position
            case .set(let index):
                isMatch = take(index, &position)
            case .run(let set, let minimum, let maximum, let greed):
                isMatch = try takeRun(set, minimum, maximum, greed, next + 1, &position)
            case .split(let first, let second):
                stack.append(Frame(kind: .branch, target: second, position: position, rest: 0))
                next = first - 1
            case .jump(let target): next = target - 1
            case .border(let border): isMatch = holds(border, at: position)
            case .back(let count): isMatch = goBack(count, &position)
            case .look(let end, let isNegated):
                isMatch = (try nested(next + 1, at: position) != nil) != isNegated
                next = end - 1
            case .atomic(let end):
                if let last = try nested(next + 1, at: position) {
                    position = last
                } else {
                    isMatch = false
                }
                next = end - 1
            case .enterLoop(let slot):
                stack.append(Frame(kind: .slot, target: slot, position: 0, rest: slots[slot]))
                slots[slot] = position
            case .endLoop(let slot, let exit):
                if slots[slot] == position { next = exit - 1 }
            }
            next += 1
            if !isMatch, !resume(&next, &position, above: bottom) { return nil }
        }
    }

    /// A match of its own, whose ways are forgotten.
    private mutating func nested(_ start: Int, at position: Int) throws -> Int? {
        let bottom = stack.count
        let end = try run(from: start, at: position)
        while stack.count > bottom {
            let frame = stack.removeLast()
            if frame.kind == .slot { slots[frame.target] = frame.rest }
        }
        return end
    }

    private mutating func count(_ more: Int) throws {
        steps += more
        guard steps > limit else { return }
        throw Failure(
            "the pattern of the tokenizer takes too long",
            expected: "at most \(Self.maximumSteps) steps for one piece of text", got: "more",
            remedy: "split the text, or use another tokenizer")
    }

    /// Goes back to the last way that is still open.
    private mutating func resume(
        _ next: inout Int, _ position: inout Int, above bottom: Int
    ) -> Bool {
        while stack.count > bottom {
            let frame = stack.removeLast()
            switch frame.kind {
            case .slot: slots[frame.target] = frame.rest
            case .branch:
                (next, position) = (frame.target, frame.position)
                return true
            case .greedyRun:
                var shorter = frame
                shorter.position = before(frame.position)
                if shorter.position > frame.rest { stack.append(shorter) }
                (next, position) = (frame.target, shorter.position)
                return true
            case .lazyRun:
                var longer = frame
                guard take(frame.set, &longer.position) else { continue }
                longer.rest -= 1
                if longer.rest > 0 { stack.append(longer) }
                (next, position) = (frame.target, longer.position)
                return true
            }
        }
        return false
    }
}

// MARK: Characters

extension ExpressionMatcher {
    @inline(__always)
    private func take(_ set: Int, _ position: inout Int) -> Bool {
        guard position < text.count else { return false }
        let (value, length) = (base + position).codePoint
        guard program.sets[set].contains(value) else { return false }
        position += length
        return true
    }

    private mutating func takeRun(
        _ set: Int, _ minimum: Int, _ maximum: Int, _ greed: ExpressionNode.Greed, _ target: Int,
        _ position: inout Int
    ) throws -> Bool {
        let limit = greed == .lazy ? minimum : maximum
        var (taken, least) = (0, position)
        while taken < limit, take(set, &position) {
            taken += 1
            if taken == minimum { least = position }
        }
        try count(taken / 32)
        guard taken >= minimum else { return false }
        switch greed {
        case .possessive: break
        case .greedy:
            guard position > least else { break }
            stack.append(
                Frame(kind: .greedyRun, target: target, position: position, rest: least))
        case .lazy:
            guard maximum > minimum else { break }
            stack.append(
                Frame(
                    kind: .lazyRun, target: target, position: position, rest: maximum - minimum,
                    set: set))
        }
        return true
    }

    /// The start of the code point that ends at `position`, which is not 0.
    private func before(_ position: Int) -> Int {
        var start = position - 1
        while start > 0, text[start] & 0xC0 == 0x80 { start -= 1 }
        return start
    }

    private func goBack(_ count: Int, _ position: inout Int) -> Bool {
        for _ in 0..<count {
            guard position > 0 else { return false }
            position = before(position)
        }
        return true
    }

    private func holds(_ border: ExpressionNode.Border, at position: Int) -> Bool {
        let isLast = position == text.count
        switch border {
        case .textStart: return position == 0
        case .textEnd: return isLast
        case .textEndOrLastBreak:
            return isLast || position == text.count - 1 && text[position] == 0x0A
        case .lineStart: return position == 0 || text[position - 1] == 0x0A && !isLast
        case .lineEnd: return isLast || text[position] == 0x0A
        case .word: return isWord(before: position) != isWord(at: position)
        case .notWord: return isWord(before: position) == isWord(at: position)
        }
    }

    private func isWord(at position: Int) -> Bool {
        position < text.count && program.words.contains((base + position).codePoint.value)
    }

    private func isWord(before position: Int) -> Bool {
        position > 0 && isWord(at: before(position))
    }
}
