import Diagnostics
import Foundation

/// The functions that every template has, besides `strftime_now`, which needs a date.
enum JinjaGlobals {
    /// The function of a name; nil for any other.
    static func function(_ name: String) -> JinjaValue? {
        bodies[name].map { body in .function(JinjaFunction(name) { try body($0) }) }
    }

    /// The most numbers of `range`, as of Jinja's sandbox.
    private static let maximumRange = 100_000

    private static let bodies: [String: @Sendable (JinjaCall) throws -> JinjaValue] = [
        "range": { try range($0) },
        "namespace": { .namespace(JinjaNamespace(try members($0))) },
        "dict": { .dictionary(try members($0)) },
        "raise_exception": { call in
            throw JinjaFailure.rendering(try call.required(0, "message").text)
        },
        "joiner": { call in
            let separator = try call.string(0, "sep") ?? ", "
            let state = JinjaNamespace(JinjaDictionary())
            return .function(
                JinjaFunction("joiner") { _ in
                    defer { state.members[.string("used")] = .boolean(true) }
                    return .string(state.members["used"] == nil ? "" : separator)
                })
        },
    ]

    private static func range(_ call: JinjaCall) throws -> JinjaValue {
        let numbers = try call.positional.map { value in
            guard let number = value.integer else {
                throw JinjaFailure.rendering(
                    "'\(value.typeName)' object cannot be interpreted as an integer")
            }
            return number
        }
        guard (1...3).contains(numbers.count), numbers.allSatisfy({ $0.magnitude < 1 << 40 }) else {
            throw JinjaFailure.rendering("range() takes one to three numbers")
        }
        let start = numbers.count == 1 ? 0 : numbers[0]
        let step = numbers.count == 3 ? numbers[2] : 1
        guard step != 0 else { throw JinjaFailure.rendering("range() arg 3 must not be zero") }
        let numbersInRange = stride(
            from: start, to: numbers.count == 1 ? numbers[0] : numbers[1], by: step)
        let values = numbersInRange.prefix(maximumRange + 1).map { JinjaValue.integer($0) }
        guard values.count <= maximumRange else {
            throw JinjaFailure.rendering("range too big, maximum size is \(maximumRange)")
        }
        return .list(values)
    }

    private static func members(_ call: JinjaCall) throws -> JinjaDictionary {
        var dictionary = JinjaDictionary()
        if case .dictionary(let given)? = call.positional.first { dictionary = given }
        for argument in call.named { dictionary[.string(argument.name)] = argument.value }
        return dictionary
    }
}

/// A moment as `strftime_now` tells it, in local time.
package struct TemplateDate: Equatable, Sendable {
    private let seconds: Int

    /// The moment so many seconds after 1970 began.
    package init(secondsSince1970 seconds: Int) { self.seconds = seconds }

    package static var now: TemplateDate { TemplateDate(secondsSince1970: time(nil)) }

    /// The date of what is learnt, 26 July 2024: the one that Llama 3's template falls back to. A date
    /// that moved on would make other examples of the same records after a resume.
    package static let ofExamples = TemplateDate(secondsSince1970: 1_721_995_200)

    func text(_ format: String) -> String {
        var (moment, parts) = (time_t(seconds), tm())
        localtime_r(&moment, &parts)
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
            guard let base = buffer.baseAddress, strftime(base, buffer.count, format, &parts) > 0
            else { return "" }
            return String(cString: base)
        }
    }
}
