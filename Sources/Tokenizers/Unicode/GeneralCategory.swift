/// The general categories of Unicode, in the order of the runs of `CodePointTable`.
enum GeneralCategory: UInt8, CaseIterable, Sendable {
    case lu, ll, lt, lm, lo, mn, mc, me, nd, nl, no, pc, pd, ps, pe, pi, pf, po, sm, sc, sk, so
    case zs, zl, zp, cc, cf, cs, co, cn

    /// The short name in lower case, such as "lu".
    var name: String { "\(self)" }

    typealias Run = (category: GeneralCategory, range: ClosedRange<UInt32>)

    /// Neighbouring code points of one category, in order.
    static let runs: [Run] = {
        var runs: [Run] = []
        var next: UInt32 = 0
        var category: GeneralCategory?
        var length: UInt32 = 0
        func endRun() {
            guard let category else { return }
            runs.append((category, next...next + max(1, length) - 1))
            next += max(1, length)
        }
        for byte in CodePointTable.categories.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                length = 10 * length + UInt32(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "A")...UInt8(ascii: "Z"):
                endRun()
                (category, length) = (allCases[Int(byte - UInt8(ascii: "A"))], 0)
            case UInt8(ascii: "a")...UInt8(ascii: "d"):
                endRun()
                (category, length) = (allCases[Int(byte - UInt8(ascii: "a")) + 26], 0)
            default: continue
            }
        }
        endRun()
        precondition(next == 0x110000, "expected a category for each code point")
        return runs
    }()
}
