/// The divisors of a number, for messages that name the values which fit.
package struct Divisors {
    package let number: Int
    package let ascending: [Int]

    /// O(square root of `number`).
    package init(of number: Int) {
        precondition(number > 0, "divisors: expected a number above 0, got \(number)")
        self.number = number
        var small: [Int] = []
        var divisor = 1
        while divisor <= number / divisor {
            if number.isMultiple(of: divisor) { small.append(divisor) }
            divisor += 1
        }
        let large = small.reversed().map { number / $0 }.filter { $0 > small[small.count - 1] }
        ascending = small + large
    }

    /// The largest divisor below `value` and the smallest above it, where they exist.
    package func nearest(to value: Int) -> [Int] {
        [ascending.last { $0 < value }, ascending.first { $0 > value }].compactMap { $0 }
    }

    /// "1, 2, 4 or 8".
    package static func list(_ values: [Int]) -> String {
        guard let last = values.last, values.count > 1 else {
            return values.first.map(String.init) ?? ""
        }
        return values.dropLast().map(String.init).joined(separator: ", ") + " or \(last)"
    }
}
