import Diagnostics

/// A regular expression as instructions for the matcher.
struct ExpressionProgram: Sendable {
    enum Instruction: Sendable {
        /// One code point of a set.
        case set(Int)
        /// As many code points of a set as there are, `minimum` to `maximum`.
        case run(set: Int, minimum: Int, maximum: Int, ExpressionNode.Greed)
        /// Goes on at the first place, and at the second one if that fails.
        case split(first: Int, second: Int)
        case jump(Int)
        case border(ExpressionNode.Border)
        /// Tries the instructions behind this one, which take nothing, then goes on at `end`.
        case look(end: Int, isNegated: Bool)
        /// Takes what the instructions behind this one match first, then goes on at `end`.
        case atomic(end: Int)
        /// Goes back a number of code points.
        case back(Int)
        /// Remembers the place where a turn of a loop begins.
        case enterLoop(slot: Int)
        /// Leaves a loop whose last turn took nothing.
        case endLoop(slot: Int, exit: Int)
        case accept
    }

    static let maximumSize = 20_000

    private(set) var instructions: [Instruction] = []
    private(set) var sets: [CodePointSet] = []
    private(set) var slotCount = 0
    let words: CodePointSet
    /// The code points with which a match can begin; nil where a match can be empty.
    let firstSet: CodePointSet?

    /// - Parameter refusal: makes the failure of a pattern that is too large.
    init(_ node: ExpressionNode, words: CodePointSet, refusal: (String) -> Failure) throws {
        self.words = words
        let (first, isEmpty) = Self.first(of: node)
        firstSet = isEmpty ? nil : first
        try add(node, refusal)
        instructions.append(.accept)
    }

    private mutating func add(_ node: ExpressionNode, _ refusal: (String) -> Failure) throws {
        guard instructions.count <= Self.maximumSize else { throw refusal("a pattern too large") }
        switch node {
        case .empty: break
        case .set(let set): instructions.append(.set(index(of: set)))
        case .sequence(let nodes): for node in nodes { try add(node, refusal) }
        case .alternatives(let nodes): try addAlternatives(nodes) { try $0.add($1, refusal) }
        case .border(let border): instructions.append(.border(border))
        case .atomic(let node):
            try addNested {
                .atomic(end: $0)
            } parts: {
                try $0.add(node, refusal)
            }
        case .look(let node, let isBehind, let isNegated):
            try addNested {
                .look(end: $0, isNegated: isNegated)
            } parts: {
                if isBehind {
                    try $0.addBehind(node, refusal)
                } else {
                    try $0.add(node, refusal)
                }
            }
        case .repeated(let node, let minimum, let maximum, let greed):
            try addRepeat(node, minimum, maximum, greed, refusal)
        }
    }

    private mutating func index(of set: CodePointSet) -> Int {
        if let known = sets.firstIndex(of: set) { return known }
        sets.append(set)
        return sets.count - 1
    }

    private mutating func addAlternatives(
        _ nodes: [ExpressionNode], _ add: (inout Self, ExpressionNode) throws -> Void
    ) throws {
        var jumps: [Int] = []
        for node in nodes.dropLast() {
            let split = instructions.count
            instructions.append(.jump(0))
            try add(&self, node)
            jumps.append(instructions.count)
            instructions.append(.jump(0))
            instructions[split] = .split(first: split + 1, second: instructions.count)
        }
        if let last = nodes.last { try add(&self, last) }
        for jump in jumps { instructions[jump] = .jump(instructions.count) }
    }

    /// A part that is matched on its own, up to its own `accept`.
    private mutating func addNested(
        _ head: (Int) -> Instruction, parts add: (inout Self) throws -> Void
    ) throws {
        let start = instructions.count
        instructions.append(.accept)
        try add(&self)
        instructions.append(.accept)
        instructions[start] = head(instructions.count)
    }

    private mutating func addBehind(
        _ node: ExpressionNode, _ refusal: (String) -> Failure
    ) throws {
        guard case .alternatives(let nodes) = node else {
            instructions.append(.back(node.width ?? 0))
            return try add(node, refusal)
        }
        try addAlternatives(nodes) { try $0.addBehind($1, refusal) }
    }
}

// MARK: Repeats

extension ExpressionProgram {
    private mutating func addRepeat(
        _ node: ExpressionNode, _ minimum: Int, _ maximum: Int?, _ greed: ExpressionNode.Greed,
        _ refusal: (String) -> Failure
    ) throws {
        if case .set(let set) = node {
            let index = index(of: set)
            return instructions.append(
                .run(set: index, minimum: minimum, maximum: maximum ?? .max, greed))
        }
        if greed == .possessive {
            let inner = ExpressionNode.repeated(
                node, minimum: minimum, maximum: maximum, .greedy)
            return try addNested {
                .atomic(end: $0)
            } parts: {
                try $0.add(inner, refusal)
            }
        }
        for _ in 0..<minimum { try add(node, refusal) }
        guard let maximum else { return try addLoop(node, greed, refusal) }
        var splits: [Int] = []
        for _ in minimum..<max(minimum, maximum) {
            splits.append(instructions.count)
            instructions.append(.accept)
            try add(node, refusal)
        }
        for split in splits {
            instructions[split] = self.split(split + 1, instructions.count, greed)
        }
    }

    private mutating func addLoop(
        _ node: ExpressionNode, _ greed: ExpressionNode.Greed, _ refusal: (String) -> Failure
    ) throws {
        let slot = slotCount
        slotCount += 1
        let start = instructions.count
        instructions += [.accept, .enterLoop(slot: slot)]
        try add(node, refusal)
        let end = instructions.count + 2
        instructions += [.endLoop(slot: slot, exit: end), .jump(start)]
        instructions[start] = split(start + 1, end, greed)
    }

    private func split(_ body: Int, _ exit: Int, _ greed: ExpressionNode.Greed) -> Instruction {
        greed == .lazy ? .split(first: exit, second: body) : .split(first: body, second: exit)
    }

    /// The code points that a match can begin with, and whether it can take none.
    private static func first(of node: ExpressionNode) -> (set: CodePointSet, isEmpty: Bool) {
        switch node {
        case .empty, .look, .border: return (CodePointSet(), true)
        case .set(let set): return (set, false)
        case .atomic(let node): return first(of: node)
        case .repeated(let node, let minimum, _, _):
            let (set, isEmpty) = first(of: node)
            return (set, isEmpty || minimum == 0)
        case .alternatives(let nodes):
            let firsts = nodes.map(first)
            return (
                firsts.reduce(CodePointSet()) { $0.union($1.set) }, firsts.contains { $0.isEmpty }
            )
        case .sequence(let nodes):
            var result = CodePointSet()
            for node in nodes {
                let (set, isEmpty) = first(of: node)
                result = result.union(set)
                if !isEmpty { return (result, false) }
            }
            return (result, true)
        }
    }
}
