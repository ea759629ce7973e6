function t(t,e=1e3){let n=null;async function i(r){await t(),n===r&&(r.timer=setTimeout(i,e,r))}return{start(){n||(n={},i(n))},stop(){n&&clearTimeout(n.timer),n=null}}}export{t as w};
