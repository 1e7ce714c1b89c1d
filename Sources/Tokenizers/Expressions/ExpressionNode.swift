/// A regular expression as a tree.
indirect enum ExpressionNode: Equatable, Sendable {
    /// The way in which a repeat gives characters back.
    enum Greed: Sendable {
        case greedy, lazy, possessive
    }

    /// A condition on the place between two characters.
    enum Border: Sendable {
        case textStart, textEnd, textEndOrLastBreak, lineStart, lineEnd, word, notWord
    }

    case empty
    case set(CodePointSet)
    case sequence([ExpressionNode])
    case alternatives([ExpressionNode])
    /// A repeat; the maximum is nil where there is none.
    case repeated(ExpressionNode, minimum: Int, maximum: Int?, Greed)
    case atomic(ExpressionNode)
    case look(ExpressionNode, isBehind: Bool, isNegated: Bool)
    case border(Border)

    /// The number of code points of every match; nil where matches differ in it.
    var width: Int? {
        switch self {
        case .empty, .look, .border: return 0
        case .set: return 1
        case .atomic(let node): return node.width
        case .sequence(let nodes):
            return nodes.reduce(0) { sum, node in
                guard let sum, let width = node.width else { return nil }
                return sum + width
            }
        case .alternatives(let nodes):
            let first = nodes.first?.width
            return nodes.allSatisfy { $0.width == first } ? first : nil
        case .repeated(let node, let minimum, let maximum, _):
            guard minimum == maximum, let width = node.width else { return nil }
            return minimum * width
        }
    }

    /// Whether it can be the target of a repeat.
    var isRepeatable: Bool {
        switch self {
        case .look, .border: false
        default: true
        }
    }
}
