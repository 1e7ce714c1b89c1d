/// A type that a recipe can spell.
package protocol OptionType: Equatable {
    /// Reads a value; nil where `value` does not spell this type. Nothing is converted or rounded.
    init?(_ value: OptionValue)
    var optionValue: OptionValue { get }
    /// The expected value, as a message words it ("an integer").
    static var expectation: String { get }
    /// The valid values, where they are few enough to be listed.
    static var choices: [String] { get }
}

extension OptionType {
    package static var choices: [String] { [] }
}

extension Int: OptionType {
    package init?(_ value: OptionValue) {
        guard case .scalar(let text, isPlain: true) = value else { return nil }
        self.init(text)
    }

    package var optionValue: OptionValue { .plain(String(self)) }
    package static var expectation: String { "an integer" }
}

extension Double: OptionType {
    /// Decimal notation alone: no hexadecimal, infinity or NaN.
    package init?(_ value: OptionValue) {
        guard case .scalar(let text, isPlain: true) = value,
            text.allSatisfy({ "0123456789+-.eE".contains($0) }), let number = Double(text),
            number.isFinite
        else { return nil }
        self = number
    }

    package var optionValue: OptionValue { .plain(String(self)) }
    package static var expectation: String { "a number" }
}

extension Bool: OptionType {
    package init?(_ value: OptionValue) {
        guard case .scalar(let text, isPlain: true) = value else { return nil }
        self.init(text)
    }

    package var optionValue: OptionValue { .plain(String(self)) }
    package static var expectation: String { "true or false" }
}

extension String: OptionType {
    /// A number or a boolean is text where text is expected: `name: 2024` is a name.
    package init?(_ value: OptionValue) {
        guard case .scalar(let text, _) = value, !value.isNull, !text.isEmpty else { return nil }
        self = text
    }

    package var optionValue: OptionValue { .scalar(self, isPlain: false) }
    package static var expectation: String { "text" }
}

extension Array: OptionType where Element: OptionType {
    /// A single value is a list of one.
    package init?(_ value: OptionValue) {
        let values: [OptionValue] = if case .list(let values) = value { values } else { [value] }
        let elements = values.compactMap { Element($0) }
        guard elements.count == values.count else { return nil }
        self = elements
    }

    package var optionValue: OptionValue { .list(map(\.optionValue)) }
    package static var choices: [String] { Element.choices }
    package static var expectation: String {
        Element.choices.isEmpty ? "\(Element.expectation) or a list of it" : "a list of \(names)"
    }
    private static var names: String { Element.choices.joined(separator: ", ") }
}

/// A choice among named values.
package protocol OptionChoice: OptionType, RawRepresentable, CaseIterable, Sendable
where RawValue == String {}

extension OptionChoice {
    package init?(_ value: OptionValue) {
        guard case .scalar(let text, _) = value else { return nil }
        self.init(rawValue: text)
    }

    package var optionValue: OptionValue { .scalar(rawValue, isPlain: false) }
    package static var choices: [String] { allCases.map(\.rawValue) }
    package static var expectation: String { "one of " + choices.joined(separator: ", ") }
}
