import Foundation

/// Ratings that move with each comparison, in their order.
///
/// The expected outcome of a against b is E = 1 / (1 + 10^((R_b - R_a) / 400)); R_a moves by K (outcome - E),
/// R_b by as much the other way. K is 4, and all start with 1000, as in Chatbot Arena (Zheng et al., 2023).
enum EloRating {
    private static let factor = 4.0
    static let start = 1000.0
    static let scale = 400.0

    /// A rating for each model.
    static func ratings(_ matches: Matches) -> [Double] {
        let alpha = log(10.0) / scale
        var ratings = [Double](repeating: start, count: matches.models.count)
        for match in matches.all {
            let difference = ratings[match.second] - ratings[match.first]
            let expected = 1 / (1 + exp(alpha * difference))
            let update = factor * (match.outcome - expected)
            ratings[match.first] += update
            ratings[match.second] -= update
        }
        return ratings
    }
}
