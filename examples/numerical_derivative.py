"""The derivative of x² at 3 from values alone: how a difference quotient goes wrong, and an estimate with a bound."""

import gradwise as gw


def square(x):
    return x**2


def main():
    quotients = {}
    print("step      (f(3+h) − f(3)) / h    error")
    for exponent in range(-1, -16, -2):
        h = 10.0**exponent
        quotients[h] = (square(3 + h) - square(3)) / h
        print(f"1e{exponent:<6}  {quotients[h]:<20.15g}   {abs(quotients[h] - 6):.1e}")
    estimate = gw.numerical.derivative(square, 3.0)
    exact = gw.derivative(square)(3.0)
    print(f"numerical, with its own bound: {estimate}")
    print(f"exact, by the rules of calculus: {exact}")
    return {"quotients": quotients, "estimate": estimate, "exact": exact}


if __name__ == "__main__":
    main()
