/// The script in which most letters of a text are written, which stands for its language where the record
/// names none.
enum TextScript: String, CaseIterable {
    case latin, greek, cyrillic, hebrew, arabic, devanagari, thai, kana, han, hangul, other

    private var ranges: [ClosedRange<UInt32>] {
        switch self {
        case .latin: [0x41...0x5A, 0x61...0x7A, 0xC0...0x24F, 0x1E00...0x1EFF]
        case .greek: [0x370...0x3FF, 0x1F00...0x1FFF]
        case .cyrillic: [0x400...0x52F]
        case .hebrew: [0x590...0x5FF]
        case .arabic: [0x600...0x6FF, 0x750...0x77F, 0xFB50...0xFDFF, 0xFE70...0xFEFC]
        case .devanagari: [0x900...0x97F]
        case .thai: [0xE00...0xE7F]
        case .kana: [0x3040...0x30FF]
        case .han: [0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x3FFFF]
        case .hangul: [0x1100...0x11FF, 0xAC00...0xD7AF]
        case .other: []
        }
    }

    /// The most characters of a text that are looked at.
    private static let sampleCount = 4096

    /// Japanese counts by its kana, which no other language has.
    init(of text: String) {
        var counts: [TextScript: Int] = [:]
        for scalar in text.unicodeScalars.prefix(Self.sampleCount) {
            let script = Self.allCases.first { $0.ranges.contains { $0.contains(scalar.value) } }
            if let script { counts[script, default: 0] += 1 }
        }
        if counts[.kana, default: 0] * 10 > counts[.han, default: 0] {
            counts[.kana, default: 0] += counts.removeValue(forKey: .han) ?? 0
        }
        self = Self.allCases.max { counts[$0, default: 0] < counts[$1, default: 0] } ?? .other
        if counts[self, default: 0] == 0 { self = .other }
    }
}
