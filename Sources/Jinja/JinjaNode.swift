/// A value that is written in a template.
enum JinjaConstant: Sendable {
    case none
    case boolean(Bool)
    case integer(Int)
    case float(Double)
    case string(String)
}

/// An expression of a template.
indirect enum JinjaExpression: Sendable {
    case constant(JinjaConstant)
    case name(String)
    case list([JinjaExpression])
    case tuple([JinjaExpression])
    case dictionary([(key: JinjaExpression, value: JinjaExpression)])
    case attribute(JinjaExpression, String)
    case item(JinjaExpression, JinjaExpression)
    case slice(JinjaExpression, [JinjaExpression?])
    case call(JinjaExpression, JinjaArgumentList)
    /// Of nothing in `{% filter %}` and `{% set %}` blocks, whose text it takes.
    case filter(JinjaExpression?, String, JinjaArgumentList)
    case test(JinjaExpression, String, JinjaArgumentList)
    case not(JinjaExpression)
    case negative(JinjaExpression)
    case positive(JinjaExpression)
    case and(JinjaExpression, JinjaExpression)
    case or(JinjaExpression, JinjaExpression)
    case comparison(JinjaExpression, [(symbol: String, right: JinjaExpression)])
    case arithmetic(String, JinjaExpression, JinjaExpression)
    case joined([JinjaExpression])
    case conditional(JinjaExpression, then: JinjaExpression, otherwise: JinjaExpression?)
}

/// The arguments of a call, a filter or a test, as they are written.
struct JinjaArgumentList: Sendable {
    var positional: [JinjaExpression] = []
    var named: [(name: String, value: JinjaExpression)] = []
    /// Behind `*`.
    var spread: JinjaExpression?
    /// Behind `**`.
    var namedSpread: JinjaExpression?
}

/// The place to which a value is assigned.
indirect enum JinjaTarget: Sendable {
    case name(String)
    case tuple([JinjaTarget])
    /// An attribute of a namespace.
    case attribute(String, String)
}

/// A statement, and the line on which it stands.
struct JinjaStatement: Sendable {
    indirect enum Kind: Sendable {
        case data(String)
        case output(JinjaExpression)
        case assignment(JinjaTarget, JinjaExpression)
        case blockAssignment(JinjaTarget, filter: JinjaExpression?, [JinjaStatement])
        case condition([(test: JinjaExpression, body: [JinjaStatement])], [JinjaStatement])
        case loop(JinjaLoop)
        case with([(target: JinjaTarget, value: JinjaExpression)], [JinjaStatement])
        case macro(JinjaMacro)
        case callBlock(JinjaMacro, JinjaExpression)
        case filterBlock(JinjaExpression, [JinjaStatement])
        /// `{% block %}`, which nothing can override here.
        case block([JinjaStatement])
        /// `{% generation %}` of transformers: what the assistant writes.
        case generation([JinjaStatement])
        case leaveLoop
        case nextIteration
    }

    let kind: Kind
    let line: Int
}

/// `{% for %}`.
struct JinjaLoop: Sendable {
    let target: JinjaTarget
    let sequence: JinjaExpression
    let condition: JinjaExpression?
    let isRecursive: Bool
    let body: [JinjaStatement]
    let otherwise: [JinjaStatement]
}

/// `{% macro %}`, and the body of `{% call %}`.
struct JinjaMacro: Sendable {
    let name: String
    let parameters: [(name: String, standard: JinjaExpression?)]
    let body: [JinjaStatement]
}
