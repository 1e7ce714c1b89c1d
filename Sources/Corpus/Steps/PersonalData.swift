import Options

/// What personal data is masked.
package struct MaskOptions: OptionBlock {
    package var mail = true
    /// Addresses that are public, as FineWeb does; private ones stay.
    package var address = true
    /// Numbers with a country code, or in groups that telephones have.
    package var phone = false
    /// Numbers of 13 to 19 digits with a right check digit.
    package var card = false
    package var mailMask = "email@example.com"
    package var addressMask = "22.214.171.124"
    package var phoneMask = "+1-555-0100"
    package var cardMask = "0000000000000000"

    package init() {}

    package static var fields: [OptionField<MaskOptions>] {
        [
            OptionField("mail", \.mail, .changesFreely),
            OptionField("address", \.address, .changesFreely),
            OptionField("phone", \.phone, .changesFreely),
            OptionField("card", \.card, .changesFreely),
            OptionField("mail_mask", \.mailMask, .changesFreely),
            OptionField("address_mask", \.addressMask, .changesFreely),
            OptionField("phone_mask", \.phoneMask, .changesFreely),
            OptionField("card_mask", \.cardMask, .changesFreely),
        ]
    }
}

/// Masks mail addresses, IP addresses, and telephone and card numbers.
package final class PersonalData: CleaningStep {
    private let options: MaskOptions
    private var counts: [String: Int] = [:]

    package init(_ options: MaskOptions) { self.options = options }

    package func takeCounts() -> [String: Int] {
        defer { counts = [:] }
        return counts
    }

    package func apply(to document: inout Document) -> String? {
        if options.mail, document.text.contains(UInt8(ascii: "@")) {
            mask(&document, "masked_mails", options.mailMask, MailFinder.places)
        }
        guard options.address || options.phone || options.card,
            document.text.contains(where: { $0 &- 0x30 < 10 })
        else { return nil }
        if options.address {
            mask(&document, "masked_addresses", options.addressMask, AddressFinder.places)
        }
        if options.card { mask(&document, "masked_cards", options.cardMask, NumberFinder.cards) }
        if options.phone {
            mask(&document, "masked_phones", options.phoneMask, NumberFinder.phones)
        }
        return nil
    }

    private func mask(
        _ document: inout Document, _ name: String, _ mask: String,
        _ find: (UTF8Bytes) -> [Range<Int>]
    ) {
        let places = document.text.withUnsafeBufferPointer(find)
        guard !places.isEmpty else { return }
        var (kept, start): ([UInt8], Int) = ([], 0)
        for place in places {
            kept += document.text[start..<place.lowerBound]
            kept += mask.utf8
            start = place.upperBound
        }
        document.text = kept + document.text[start...]
        counts[name, default: 0] += places.count
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { self &- 0x30 < 10 }
    fileprivate var isAlphanumeric: Bool { isDigit || (self | 0x20) &- 0x61 < 26 }
    /// Whether the byte is of a word in the sense of `\b`, for which letters beyond ASCII count.
    fileprivate var isInWord: Bool { isAlphanumeric || self == 0x5F || self >= 0x80 }
}

/// Mail addresses: names of atoms with points between them, and a domain with at least one point.
private enum MailFinder {
    private static let atoms = Set("!#$%&'*+/=?^_`{|}~-".utf8)

    static func places(_ text: UTF8Bytes) -> [Range<Int>] {
        var (places, from): ([Range<Int>], Int) = ([], 0)
        var position = 0
        while position < text.count {
            guard text[position] == UInt8(ascii: "@") else {
                position += 1
                continue
            }
            if let start = nameStart(text, before: position, from: from),
                let end = domainEnd(text, after: position + 1)
            {
                places.append(start..<end)
                (from, position) = (end, end)
            } else {
                position += 1
            }
        }
        return places
    }

    private static func isAtom(_ byte: UInt8) -> Bool {
        byte.isAlphanumeric || atoms.contains(byte)
    }

    /// The start of the name: at the border of a word, as `\b` sees it.
    private static func nameStart(_ text: UTF8Bytes, before at: Int, from: Int) -> Int? {
        var start = at
        while start > from {
            let byte = text[start - 1]
            let isPoint = byte == UInt8(ascii: ".") && start < at && text[start] != byte
            guard isAtom(byte) || isPoint else { break }
            start -= 1
        }
        while start < at {
            let isBorder = (start > 0 && text[start - 1].isInWord) != text[start].isInWord
            if isBorder, text[start] != UInt8(ascii: ".") { return start }
            start += 1
        }
        return nil
    }

    private static func domainEnd(_ text: UTF8Bytes, after start: Int) -> Int? {
        var (position, labels, end): (Int, Int, Int?) = (start, 0, nil)
        while position < text.count, text[position].isAlphanumeric {
            var last = position
            while position < text.count, text[position].isAlphanumeric || text[position] == 0x2D {
                if text[position] != 0x2D { last = position }
                position += 1
            }
            labels += 1
            if labels > 1 { end = last + 1 }
            guard position == last + 1, position < text.count, text[position] == 0x2E else { break }
            position += 1
        }
        return end
    }
}

/// IPv4 addresses that are public.
private enum AddressFinder {
    static func places(_ text: UTF8Bytes) -> [Range<Int>] {
        var (places, position): ([Range<Int>], Int) = ([], 0)
        while position < text.count {
            guard text[position].isDigit else {
                position += 1
                continue
            }
            if let (parts, end) = address(text, at: position) {
                if isPublic(parts) { places.append(position..<end) }
                position = end
            } else {
                position += 1
            }
        }
        return places
    }

    private static func address(_ text: UTF8Bytes, at start: Int) -> (parts: [Int], end: Int)? {
        var (parts, position): ([Int], Int) = ([], start)
        while true {
            guard let (value, count) = part(text, at: position, isLast: parts.count == 3) else {
                return nil
            }
            parts.append(value)
            position += count
            if parts.count == 4 { return (parts, position) }
            guard position < text.count, text[position] == 0x2E else { return nil }
            position += 1
        }
    }

    /// One number: of as many digits, up to three, as make at most 255, and before the last a point behind.
    private static func part(
        _ text: UTF8Bytes, at start: Int, isLast: Bool
    ) -> (value: Int, count: Int)? {
        var found: (Int, Int)?
        var value = 0
        for count in 1...3 {
            let index = start + count - 1
            guard index < text.count, text[index].isDigit else { break }
            value = value * 10 + Int(text[index] & 0xF)
            guard value <= 255 else { break }
            let isFollowed = index + 1 < text.count && text[index + 1] == 0x2E
            if isLast || isFollowed { found = (value, count) }
        }
        return found
    }

    private static func isPublic(_ parts: [Int]) -> Bool {
        switch (parts[0], parts[1]) {
        case (0, _), (10, _), (127, _), (224..., _), (169, 254), (192, 168): false
        case (100, 64...127), (172, 16...31), (198, 18...19): false
        case (192, 0): ![0, 2].contains(parts[2])
        case (198, 51): parts[2] != 100
        case (203, 0): parts[2] != 113
        default: true
        }
    }
}

/// Numbers of cards and telephones: digits with single blanks, hyphens, points or brackets between them.
private enum NumberFinder {
    static func cards(_ text: UTF8Bytes) -> [Range<Int>] {
        numbers(text) { digits, _ in
            (13...19).contains(digits.count) && passesLuhn(digits) && Set(digits).count > 1
        }
    }

    /// With a plus 8 to 15 digits; otherwise 10, or 11 from a 1 on, in at least two groups.
    static func phones(_ text: UTF8Bytes) -> [Range<Int>] {
        numbers(text) { digits, shape in
            if shape.hasPlus { return (8...15).contains(digits.count) }
            let isLong = digits.count == 11 && digits[0] == 1
            return shape.groups > 2 && (digits.count == 10 || isLong)
        }
    }

    private typealias Shape = (hasPlus: Bool, groups: Int)

    private static func numbers(
        _ text: UTF8Bytes, where isMeant: ([UInt8], Shape) -> Bool
    ) -> [Range<Int>] {
        var (places, position): ([Range<Int>], Int) = ([], 0)
        while position < text.count {
            let byte = text[position]
            let isFree =
                position == 0 || !(text[position - 1].isInWord || text[position - 1] == 0x2E)
            guard isFree, byte.isDigit || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "(")
            else {
                position += 1
                continue
            }
            let (digits, shape, end) = number(text, at: position)
            if !digits.isEmpty, isMeant(digits, shape) { places.append(position..<end) }
            position = max(end, position + 1)
        }
        return places
    }

    private static func number(
        _ text: UTF8Bytes, at start: Int
    ) -> (digits: [UInt8], shape: Shape, end: Int) {
        var digits: [UInt8] = []
        let hasPlus = text[start] == UInt8(ascii: "+")
        var (position, end, groups) = (hasPlus ? start + 1 : start, start, 0)
        while position < text.count {
            let groupStart = position
            while position < text.count, text[position].isDigit {
                digits.append(text[position] & 0xF)
                position += 1
            }
            if position > groupStart {
                groups += 1
                end = position
            }
            var marks = 0
            while position < text.count, marks < 2, " -.()".utf8.contains(text[position]) {
                position += 1
                marks += 1
            }
            guard marks > 0, position < text.count, text[position].isDigit else { break }
        }
        if end < text.count, text[end].isInWord { digits = [] }
        return (digits, (hasPlus, groups), end)
    }

    /// Whether the check digit is right. Source: ISO/IEC 7812-1, annex B.
    private static func passesLuhn(_ digits: [UInt8]) -> Bool {
        var sum = 0
        for (index, digit) in digits.reversed().enumerated() {
            let doubled = Int(digit) * (index % 2 == 0 ? 1 : 2)
            sum += doubled > 9 ? doubled - 9 : doubled
        }
        return sum % 10 == 0
    }
}
