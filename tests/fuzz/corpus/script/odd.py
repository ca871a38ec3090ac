import argparse
# parser.add_argument('--commented', default=1)
def main():
    """docs: parser.add_argument('--in_docstring', type=int)"""
    parser = argparse.ArgumentParser(description=f"x {1:>5} y")
    parser.add_argument("data", help="folder")
    parser.add_argument("--lr", "--learning-rate", "-l", type=float, default=1e-3,
        help="learning rate (Adam), "
             'in "1/step"')
    parser.add_argument('-b', '--batch-size', type=int, default=64)
    parser.add_argument('--dropout', type=float, default=0.1); parser.add_argument(
        "--hidden", default=128, type=int)
    parser.add_argument('--layers', type=int, default=3, choices=range(1, 9))
    parser.add_argument('--opt', choices=['sgd', "adam", 'it\'s'], default="adam")
    parser.add_argument('--momentum', default=.9, type=float)
    parser.add_argument('--wd', default=0.0, type=float)
    parser.add_argument('--epochs', type=int, default=10)
    parser.add_argument('--amp', action='store_true')
    parser.add_argument('--use-bn', type=bool, default=True)
    parser.add_argument('--aug', type=str2bool, default=False)
    parser.add_argument('--milestones', nargs='+', type=int, default=[30, 60])
    parser.add_argument('-q', type=int, default=3)
    parser.add_argument('--gamma', type=float, default=-0.5)
    parser.add_argument('--num', type=lambda s: int(s), default=os.environ.get("X", 3))
    parser.add_argument('--scale', type=float, default=10)
    parser.add_argument('--heads', type=int, default=1_000)
    parser.add_argument('--k', type=int, choices=(1, 3, 5), default=3)
    args = parser.parse_args()
    print(f"epoch {e} train:loss={loss:.4f} val:loss={vl} val:accuracy={acc:.4f}")
    print("lr: %g" % lr, 'time:', t)
